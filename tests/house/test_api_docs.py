"""The page that shows the API's description works under our strict content policy."""

from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer


def test_the_docs_page_shows_every_address_and_breaks_no_policy(
    live_server: LiveServer, browser: Browser
):
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{live_server.url}/api/docs/")
    page.locator(".opblock").first.wait_for()

    assert complaints == []
    assert page.get_by_text("/api/v1/payment-sessions/{checkout_id}/buy-now").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    page.close()
