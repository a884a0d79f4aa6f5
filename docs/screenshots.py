"""Takes the pictures of docs/images from a running demo: .venv/bin/python -m docs.screenshots.

Plays a payment whose answer is lost and on which Buy Now is pressed again, then photographs it as
shopper and staff see it, on a desktop, on a phone, light and dark. Home and list are taken last,
behind a quarter of seeded business. Needs what bin/test installs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from config.chromium import ARGUMENTS, find_chromium
from config.demo import Demo
from config.demo.check.run import HASTE
from config.demo.check.stage import Stage
from config.demo.processes import MANAGE

IMAGES: Final = Path(__file__).parent / "images"
PORT, SANDBOX_PORT = 8120, 8121
DESKTOP: Final = {"width": 1280, "height": 860}
PHONE: Final = {"width": 390, "height": 800}
SEED_A_QUARTER: Final = "from bench.seeded_quarter import seed; seed(20_000)"


def main() -> None:
    """Start a demo, play, photograph, stop."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as folder:
        _take_pictures(chromium, Path(folder))


def _take_pictures(chromium: Path, folder: Path) -> None:
    demo = Demo(
        "check",
        port=PORT,
        sandbox_port=SANDBOX_PORT,
        report=lambda name, line: None,  # noqa: ARG005 - the demo's log is not wanted here
        stopping=threading.Event(),
        bps_variables=HASTE,
        dev_folder=folder,
    )
    try:
        known = demo.start()
        result_url, checkout_id = _play(Stage(demo, known["api_key"]))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
            staff = _log_in(browser, demo, known)
            _photograph_payment(staff, demo, checkout_id)
            _photograph_result(browser, result_url)
            _photograph_business(staff, demo)
            browser.close()
    finally:
        demo.stop()


def _play(stage: Stage) -> tuple[str, str]:
    """Return the result page, and the checkout to search for, of the payment that is shown."""
    for amount in ("42.00", "18.02", "27.50", "63.03", "12.90", "35.18"):
        stage.buy(stage.register(amount))
    stage.register("74.00")
    shown = stage.register("89.05")
    stage.buy(shown)
    stage.buy(shown, key=f"{shown.key}-again")
    stage.until_phase(shown, "captured")
    stage.until(lambda: len(stage.deliveries(shown)) > 0, "the webhook")
    return str(stage.session(shown)["result_url"]), shown.id


def _log_in(browser: Browser, demo: Demo, known: dict[str, str]) -> Page:
    staff = browser.new_page(viewport=DESKTOP)
    staff.goto(f"{demo.bps_url}/mid-office/")
    staff.get_by_label("Username").fill(known["staff_user"])
    staff.get_by_label("Password").fill(known["staff_password"])
    staff.get_by_role("button", name="Log in").click()
    staff.wait_for_url("**/mid-office/")
    return staff


def _photograph_payment(staff: Page, demo: Demo, checkout_id: str) -> None:
    staff.goto(f"{demo.bps_url}/mid-office/search/?q={checkout_id}")
    staff.screenshot(path=IMAGES / "payment.png", full_page=True)
    staff.get_by_role("link", name="Refund", exact=True).click()
    staff.screenshot(path=IMAGES / "refund.png")
    staff.go_back()
    staff.emulate_media(color_scheme="dark")
    staff.set_viewport_size(PHONE)
    staff.screenshot(path=IMAGES / "payment-phone-dark.png")


def _photograph_result(browser: Browser, result_url: str) -> None:
    shopper = browser.new_page(viewport=PHONE)
    shopper.goto(f"{result_url}?refresh=off")
    shopper.screenshot(path=IMAGES / "result.png")
    shopper.emulate_media(color_scheme="dark")
    shopper.screenshot(path=IMAGES / "result-dark.png")


def _photograph_business(staff: Page, demo: Demo) -> None:
    staff.goto(f"{demo.bps_url}/mid-office/invariants/")
    staff.get_by_role("button", name="Check now").click()
    subprocess.run(
        [*MANAGE, "shell", "-c", SEED_A_QUARTER],
        env={
            **os.environ,
            "DATABASE_URL": demo.servers.database_url,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
        },
        check=True,
    )
    staff.emulate_media(color_scheme="light")
    staff.set_viewport_size(DESKTOP)
    staff.goto(f"{demo.bps_url}/mid-office/")
    staff.screenshot(path=IMAGES / "home.png", full_page=True)
    staff.goto(f"{demo.bps_url}/mid-office/sessions/")
    staff.screenshot(path=IMAGES / "list.png")


if __name__ == "__main__":
    main()
