"""What the mid-office's benchmark asks for: the home, lists by tab and filter, searches, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from dashboard.lists.catalogue import LISTS
from payments.models import Case, PaymentSession, Refund


class Target(NamedTuple):
    """Something to ask for: its name, and how to ask. A file comes while it is read."""

    name: str
    ask: Callable[[], Any]
    is_file: bool = False


FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "sessions": (
        "psp=adyen",
        "currency=JPY&psp=mollie",
        "currency=KWD",
        "phase=errored",
        "phase=in_doubt",
        "amount_from=100000",
        "amount_from=190&amount_to=191&status=failed",
        "made_from=2000-01-01&made_to=2000-01-31",
        "status=started&psp=adyen",
        "status=expired&currency=KWD",
    ),
    "refunds": ("psp=adyen", "currency=KWD", "phase=pending"),
    "receipts": ("psp=adyen", "type=nothing"),
    "notifications": ("shop=Seeded", "type=nothing"),
    "cases": ("kind=surplus", "psp=adyen&status=all", "owner=nobody"),
    "audit": ("who=olga", "what=nothing"),
}


def targets(sessions: int) -> Iterator[Target]:
    """Yield everything to ask for where so many sessions were seeded."""
    browser = Client()
    browser.force_login(get_user_model().objects.create_user("bench", is_staff=True))

    def get(address: str) -> Any:
        response = browser.get(address)
        if response.status_code not in {200, 302}:
            raise AssertionError(f"{address}: {response.status_code}")
        return response

    for what, query in _times():
        yield Target(f"home, {what}", partial(get, f"{reverse('mid-office:home')}?{query}"))
    for name, declared in LISTS.items():
        address = reverse(f"mid-office:{name}")
        for key, tab in declared.tabs.items():
            yield Target(f"{name}, {tab.word}", partial(get, f"{address}?status={key}"))
        for query in FILTERS.get(name, ()):
            yield Target(f"{name}?{query}", partial(get, f"{address}?{query}"))
        yield Target(f"{name}, page 3", partial(get, _third_page(get, address)))
    for what, words in _ids(sessions).items():
        address = f"{reverse('mid-office:search')}?q={words}"
        yield Target(f"search, {what}", partial(get, address))
    for name in LISTS:
        read = partial(_begin_of_file, get, reverse(f"mid-office:{name}-csv"))
        yield Target(f"{name} as CSV, the first 5,000 rows", read, is_file=True)


def _times() -> Iterator[tuple[str, str]]:
    for period in ("day", "week", "month"):
        yield period, f"period={period}"
    today = datetime.now(UTC).date()
    for days in (2, 62, 366):
        yield f"{days} days to yesterday", _days(today - timedelta(days=1), days)


def _days(last: date, days: int) -> str:
    return f"day_from={last - timedelta(days=days - 1)}&day_to={last}"


def _begin_of_file(get: Callable[[str], Any], address: str) -> None:
    list(islice(get(address).streaming_content, 6))


def _third_page(get: Callable[[str], Any], address: str) -> str:
    page = address
    for _ in range(2):
        page = f"{address}{get(page).context['older']}"
    return page


def _ids(sessions: int) -> dict[str, str]:
    middle = PaymentSession.objects.get(checkout_id=f"c-{sessions // 2 // 20 * 20 + 1}")
    number = middle.checkout_id.removeprefix("c-")
    refund = Refund.objects.order_by("pk")[1]
    return {
        "checkout": middle.checkout_id,
        "order reference": f"o-{number}",
        "token": f"tok_{number}",
        "PSP payment reference": f"ch_{number}",
        "session": str(middle.pk),
        "customer reference": "k-7",
        "refund": refund.public_id,
        "PSP refund reference": refund.refund_reference,
        "webhook": f"evt_{number}",
        "idempotency key": f"key-{number}",
        "case": str(Case.objects.order_by("pk")[0].pk),
        "nothing": "nothing",
    }
