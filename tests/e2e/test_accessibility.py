"""Every page, by the rules of axe for WCAG 2.0 to 2.2, levels A and AA."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.utils import timezone
from playwright.sync_api import Page

from dashboard.lists.catalogue import LISTS
from dashboard.models import SavedView
from dashboard.shop_acts import SHOP_ACTS
from payments.domain.lifecycle import Phase
from payments.models import (
    CauseKind,
    InvariantCheck,
    Measure,
    PaymentSession,
    ShopApiKey,
    Tally,
)
from tests.builders import (
    PASSWORD,
    make_approval,
    make_case,
    make_discrepancy,
    make_event,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_run,
    make_session,
    make_shop,
    make_staff_event,
    make_user,
)

OpenPage = Callable[..., Page]

LEVELS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PROFILES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": {**PHONE, "color_scheme": "dark"},
}


def assert_accessible(page: Page) -> None:
    """Expect no violation, and nothing that needs scrolling sideways."""
    results = Axe().run(page, options=LEVELS)
    assert results.response["violations"] == [], results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def every_result() -> list[PaymentSession]:
    """Return sessions that show every state of the result page."""
    return [
        make_session(),
        make_session(cancel_requested_at=timezone.now()),
        make_purchase(phase=Phase.IN_DOUBT).session,
        make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED).session,
        make_purchase(phase=Phase.CAPTURED).session,
        make_purchase(phase=Phase.DECLINED).session,
        make_session(status="expired"),
    ]


@pytest.mark.parametrize(
    ("profile", "language"), [("light", "de"), ("dark", "ar"), ("phone", "ar")]
)
def test_the_result_page_can_be_used_by_all(profile: str, language: str, open_page: OpenPage):
    [first, *others] = every_result()
    page = open_page(f"/result/{first.public_token}?lang={language}", **PROFILES[profile])

    assert_accessible(page)
    for session in others:
        page.goto(f"/result/{session.public_token}?lang={language}")
        assert_accessible(page)


def busy_session() -> PaymentSession:
    """Return a session whose page shows everything that a page can show."""
    purchase = make_purchase(
        make_session(checkout_id="c-" + "x" * 60, status="completed"),
        phase=Phase.CAPTURED,
        surplus=True,
    )
    session = purchase.session
    call = make_psp_call(session, answer={"long": "x" * 3000})
    make_event(session, "session.registered")
    make_event(session, "purchase.started", phase_after=Phase.SUBMITTING)
    make_event(
        session,
        cause_kind=CauseKind.PSP_CALL,
        cause_id=str(call.pk),
        phase_before=Phase.SUBMITTING,
        phase_after=Phase.CAPTURED,
        data={"w": "y" * 500},
    )
    make_refund(purchase, reason="z" * 300, refund_reference="r" * 80)
    make_receipt(session, body=b"x" * 9000)
    make_notification_try(session, error="no answer")
    make_case(session)
    finding = {"session": str(session.pk), "kind": "event", "id": str(call.pk), "why": "z" * 300}
    InvariantCheck.objects.create(
        checked_at=timezone.now(),
        changed_since=timezone.now(),
        duration_ms=7,
        sessions=1,
        complete=False,
        results=[
            {"id": "I4", "verdict": "violated", "findings": [finding], "cut_off": True},
            {"id": "I5", "verdict": "unknown", "unknown_because": "no time was left"},
            {"id": "I7", "verdict": "held"},
        ],
    )
    return session


@pytest.mark.parametrize("profile", ["light", "dark phone"])
def test_the_mid_office_can_be_used_by_all(profile: str, open_page: OpenPage):
    session = busy_session()
    for other in every_result():
        make_case(other)
    make_session(
        created_at=timezone.now() - timedelta(days=3), amount="123456789012", currency="JPY"
    )
    user = make_user(is_superuser=True)

    page = open_page("/mid-office/", **PROFILES[profile])
    assert_accessible(page)
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Money at risk").wait_for()
    assert_accessible(page)
    page.goto("/mid-office/sessions/?currency=EURO&status=expired")
    assert_accessible(page)
    page.goto("/mid-office/search/?q=nothing")
    assert_accessible(page)
    page.goto("/mid-office/invariants/")
    assert_accessible(page)
    page.goto(f"/mid-office/sessions/{session.pk}/#support-bundle")
    for summary in page.locator("summary").all():
        summary.click()
    assert_accessible(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert_accessible(page)


def busy_home() -> None:
    """Make rows by which the home shows everything that it can show, and every list a row."""
    refunded = make_purchase(phase=Phase.CAPTURED)
    make_refund(refunded, reason="x" * 200)
    make_receipt(refunded.session, note="y" * 300)
    make_case(refunded.session, detail="<script>\u202e" + "z" * 10_000)
    make_event(refunded.session, cause_kind=CauseKind.STAFF, actor="olga")
    make_staff_event(shop=refunded.shop, data={"before": {}, "after": {"routing": "x" * 200}})
    make_run(lines=7)
    for currency, amount in (("EUR", "19.99"), ("JPY", "500")):
        session = make_session(currency=currency, amount=amount)
        old = timezone.now() - timedelta(days=2)
        make_purchase(session, phase=Phase.IN_DOUBT, created_at=old, due_at=None)
    for _ in range(6):
        ended = make_purchase(phase=Phase.CAPTURED).session
        make_event(ended, cause_kind=CauseKind.POLL)
        make_psp_call(ended)
        failed = make_purchase(phase=Phase.DECLINED, reason_code="w" * 64).session
        make_event(failed, "purchase.declined", cause_kind=CauseKind.POLL)


@pytest.mark.parametrize("profile", ["light", "dark", "dark phone"])
def test_home_and_lists_can_be_used_by_all(profile: str, open_page: OpenPage):
    busy_home()
    user = make_user(is_superuser=True)
    SavedView.objects.create(user=user, list_name="sessions", name="v" * 60, query="")
    page = open_page("/mid-office/", **PROFILES[profile])
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    page.get_by_text("are silent").wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    assert_accessible(page)
    page.goto("/mid-office/?day_from=2020-01-02&day_to=2020-01-01")
    page.get_by_text("comes after the last").wait_for()
    assert_accessible(page)
    for name in LISTS:
        page.goto(f"/mid-office/{name}/")
        page.locator("summary").click()
        assert_accessible(page)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert_accessible(page)


def test_the_home_is_light(open_page: OpenPage):
    busy_home()
    user = make_user(is_superuser=True)
    page = open_page("/mid-office/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("are silent").wait_for()

    # The most columns that the charts have. Tallies go up to this hour.
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Tally.objects.create(hour=hour - timedelta(hours=1), measure=Measure.HOUR, count=1)
    page.get_by_label("From:").fill(f"{hour.date() - timedelta(days=61)}")
    page.get_by_label("To:").fill(f"{hour.date()}")
    page.get_by_role("button", name="Show these days").click()
    page.get_by_text("The days before").first.wait_for()
    assert page.locator("#volume ~ svg rect.fill").count() == 62

    # Nothing here is compressed, and what browsers keep from the page before counts as well.
    files = page.evaluate("performance.getEntries().map((each) => each.decodedBodySize ?? 0)")
    assert 20_000 < sum(files) <= 120_000


@pytest.mark.parametrize("profile", ["light", "dark phone"])
def test_reconciliation_can_be_used_by_all(profile: str, open_page: OpenPage):
    found = {"kind": "fee", "ours": "x" * 80, "theirs": "y" * 80, "psp_reference": "z" * 80}
    dry = make_run(is_dry=True, found={"fee": 2}, preview=[found], statement_name="x" * 80)
    row = make_discrepancy(busy_session(), psp_reference="ch_" + "x" * 60)
    running = make_run(state="running", error="x" * 80, due_at=timezone.now())
    user = make_user(is_superuser=True)
    page = open_page("/mid-office/reconciliations/", **PROFILES[profile])
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("heading", name="Reconciliation").wait_for()
    assert_accessible(page)
    for address in (
        "discrepancies/",
        f"reconciliations/{dry.pk}/",
        f"reconciliations/{running.pk}/",
        f"reconciliations/{row.run_id}/",
        f"discrepancies/{row.pk}/",
    ):
        page.goto(f"/mid-office/{address}")
        assert_accessible(page)
    page.get_by_label("Reason").fill("Refunded at the PSP.")
    page.get_by_role("button", name="Resolve").click()
    page.get_by_text("Resolved.").wait_for()
    assert_accessible(page)
    page.goto("/mid-office/reconciliations/new/")
    page.get_by_label("First day").fill("2030-01-02")
    page.get_by_label("Last day, included").fill("2030-01-01")
    page.get_by_role("button", name="Reconcile").click()
    page.get_by_text("comes after the last").wait_for()
    assert_accessible(page)


@pytest.mark.parametrize("profile", ["light", "dark phone"])
def test_a_shop_can_be_used_by_all(profile: str, open_page: OpenPage):
    shop = make_shop(
        name="x" * 100,
        notification_url="https://shop.example/" + "y" * 100,
        notification_secrets=["whsec_new", "whsec_old"],
        refund_limits={"EUR": "10.00"},
    )
    ShopApiKey.objects.create_key(name="web", shop=shop)
    make_staff_event(shop=shop, data={"reason": "z" * 300})
    olga = make_user(is_superuser=True)
    granted = make_approval(
        None,
        act="rotate_secret",
        arguments={"shop": str(shop.pk), "shop name": shop.name, "overlap in hours": "24"},
        requested_by=olga,
        state="granted",
        decided_by=make_user(),
        decided_at=timezone.now(),
    )
    page = open_page("/mid-office/shops/", **PROFILES[profile])
    page.get_by_label("Username").fill(olga.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("heading", name="Shops").wait_for()
    assert_accessible(page)
    for address in (
        f"shops/{shop.pk}/",
        *(f"shops/{shop.pk}/{act.name}/" for act in SHOP_ACTS),
        f"approvals/{granted.pk}/carry-out/",
    ):
        page.goto(f"/mid-office/{address}")
        assert_accessible(page)
    page.get_by_role("button", name="Make it, and show it once").click()
    page.get_by_text("It is shown this once.").wait_for()
    assert_accessible(page)
