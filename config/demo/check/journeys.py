"""The journeys, in words for the table, and what each one does and expects.

A journey returns what it saw in a few words, or raises Disagreement. Afterwards every checkout
that it registered is compared with the PSP's books.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from config.demo.check.stage import ACCEPTED, OK, Checkout, Disagreement, Stage

SHOPPERS_AT_ONCE: Final = 50
FORGED: Final = 401
REFUSED: Final = 409
SHORTEST_LIFETIME_SECONDS: Final = 900


@dataclass(frozen=True)
class Journey:
    """A plot, what should come of it, and the code that plays it."""

    plot: str
    expected: str
    play: Callable[[Stage], str]


def expect(holds: object, seen: object) -> None:
    """Raise Disagreement, saying what was seen, unless something holds."""
    if not holds:
        raise Disagreement(str(seen))


def _bought(stage: Stage, amount: str, phase: str) -> Checkout:
    checkout = stage.register(amount)
    stage.buy_patiently(checkout)
    stage.until_phase(checkout, phase)
    return checkout


def through_the_shop(stage: Stage) -> str:
    """Walk every page as a browser without JavaScript does."""
    front = stage.page(f"{stage.demo.sandbox_url}/")
    buy = re.search(r'<form[^>]*action="([^"]*buy[^"]*)"', front.text)
    expect(buy, "the shop's front offers nothing to buy")
    purchase_page = stage.submit(urljoin(front.url, buy[1] if buy else ""), {})
    expect("/psp/purchase/" in purchase_page.url, purchase_page.url)
    result = stage.submit(purchase_page.url, {"scenario": "approve"})
    expect("/result/" in result.url, result.url)
    thanks = re.search(r'href="([^"]*/shop/thanks/[^"]*)"', result.text)
    expect(thanks, "the result page does not lead back to the shop")
    page = stage.page(thanks[1] if thanks else "")
    expect(page.status_code == OK and "paid" in page.text.lower(), page.text[:200])
    return "shop, purchase page, result page, thank-you page"


def paid_at_once(stage: Stage) -> str:
    """See the bank say yes."""
    checkout = stage.register("20.00")
    response = stage.buy(checkout)
    expect(response.status_code == OK, response.text)
    return f"{response.status_code} {response.json()['purchase']['status']}"


def paid_after_hours(stage: Stage) -> str:
    """See the bank take four hours, on a clock that is moved."""
    checkout = stage.register("20.03")
    response = stage.buy(checkout)
    expect(response.status_code == ACCEPTED, response.text)
    stage.control("clock", {"advance_seconds": 5 * 3600})
    stage.until_phase(checkout, "captured")
    return "202 started, captured once the bank had answered"


def declined(stage: Stage) -> str:
    """See the bank say no."""
    checkout = stage.register("20.02")
    purchase = stage.buy_patiently(checkout)["purchase"]
    expect(purchase["status"] == "failed" and stage.charges(checkout) == 0, purchase)
    return f"failed, {purchase['reason']['code']}"


def declined_for_now(stage: Stage) -> str:
    """See the bank say no to one card; choose another on the PSP's page, and press again."""
    checkout = stage.register("20.25")
    purchase = stage.buy_patiently(checkout)["purchase"]
    expect(purchase["status"] == "started" and purchase["next_action"], purchase)
    stage.submit(checkout.purchase_url, {"scenario": "approve"})
    again = f"{checkout.key}-again"
    purchase = stage.patiently(lambda: stage.buy(checkout, key=again))["purchase"]
    expect(purchase["status"] == "successful" and stage.charges(checkout) == 1, purchase)
    return "another card chosen, then 1 charge"


def pressed_twice(stage: Stage) -> str:
    """Press Buy Now again after success."""
    checkout = stage.register("20.00")
    first = stage.buy(checkout).json()["purchase"]
    again = stage.buy(checkout, key=f"{checkout.key}-again").json()["purchase"]
    expect(first["id"] == again["id"], (first, again))
    expect(stage.charges(checkout) == 1, stage.book(checkout))
    return "the same purchase, 1 charge"


def pressed_at_once(stage: Stage) -> str:
    """Press Buy Now fifty times at once."""
    checkout = stage.register("20.00")
    with ThreadPoolExecutor(SHOPPERS_AT_ONCE) as shoppers:
        presses = range(SHOPPERS_AT_ONCE)
        answers = list(
            shoppers.map(lambda n: stage.buy(checkout, key=f"{checkout.key}-{n}"), presses)
        )
    statuses = {answer.status_code for answer in answers}
    expect(statuses <= {OK, ACCEPTED}, statuses)
    expect(len({answer.json()["purchase"]["id"] for answer in answers}) == 1, "two purchases")
    stage.until_phase(checkout, "captured")
    expect(stage.charges(checkout) == 1, stage.book(checkout))
    return f"{SHOPPERS_AT_ONCE} answers, 1 purchase, 1 charge"


def charged_and_dropped(stage: Stage) -> str:
    """Lose the PSP's answer."""
    checkout = stage.register("20.05")
    expect(stage.buy(checkout).json()["purchase"]["phase"] == "in_doubt", stage.phase(checkout))
    stage.until_phase(checkout, "captured")
    expect(stage.charges(checkout) == 1, stage.book(checkout))
    return "in doubt, then captured, 1 charge"


def webhook_before_the_answer(stage: Stage) -> str:
    """Receive the webhook before the answer to the call that it is about."""
    checkout = _bought(stage, "20.12", "captured")
    events = stage.events(checkout)
    expect(events.count("purchase.captured") == 1, events)
    return "captured once"


def webhook_twice(stage: Stage) -> str:
    """Receive every webhook twice."""
    checkout = _bought(stage, "20.10", "captured")
    stage.until(lambda: len(stage.deliveries(checkout)) > 1, "a second delivery")
    events = stage.events(checkout)
    expect(events.count("purchase.captured") == 1, events)
    return f"{len(stage.deliveries(checkout))} deliveries, captured once"


def webhook_lost(stage: Stage) -> str:
    """Never receive the webhook."""
    checkout = _bought(stage, "20.09", "captured")
    expect(not stage.deliveries(checkout), stage.deliveries(checkout))
    return "no webhook came; a poll found out"


def webhook_forged(stage: Stage) -> str:
    """Receive a webhook that claims success and bears no good signature."""
    checkout = _bought(stage, "20.04", "pending")
    body = b'{"id":"evt_forged","type":"session.paid","data":{"session":{"token":"%s"}}}'
    status = stage.webhook(
        body % checkout.token.encode(),
        {"webhook-id": "evt_forged", "webhook-timestamp": "1", "webhook-signature": "v1,Zm9yZ2Vk"},
    )
    phase = stage.phase(checkout)
    expect(status == FORGED and phase == "pending", (status, phase))
    stage.control("clock", {"advance_seconds": 5 * 3600})
    stage.until_phase(checkout, "declined")
    return f"{status}, nothing changed"


def psp_down(stage: Stage) -> str:
    """Press Buy Now while the PSP is away."""
    checkout = stage.register("20.00")
    stage.control("outage", {"seconds": 8, "mode": "drop"})
    expect(stage.buy(checkout).status_code == ACCEPTED, stage.phase(checkout))
    stage.until_phase(checkout, "captured")
    expect(stage.charges(checkout) == 1, stage.book(checkout))
    return "202 started, captured once it was back, 1 charge"


def worker_killed(stage: Stage) -> str:
    """Kill the worker between the PSP's answer and our commit, by its crash point.

    The PSP's clockwork stands still meanwhile, so that no webhook tells what the worker could not.
    """
    checkout = stage.register("20.00")
    stage.demo.stop_process("clock")
    stage.demo.stop_process("worker")
    stage.demo.start_process("worker", {"BPS_CRASH_AT": "after_answer:1"})
    try:
        stage.buy(checkout, prefer="respond-async")
        stage.until(lambda: stage.charges(checkout) == 1, "the charge")
        phase = stage.phase(checkout)
        expect(phase == "submitting", phase)
        stage.demo.kill("worker")
        stage.demo.stop_process("worker")
        stage.demo.start_process("worker")
        stage.until_phase(checkout, "captured")
    finally:
        stage.demo.start_process("clock")
    book = stage.book(checkout)
    expect(len(book["charges"]) == 1 and book["purchase_requests"] > 1, book)
    return f"charged, not recorded; captured after {book['purchase_requests']} sends, 1 charge"


def valkey_lost(stage: Stage) -> str:
    """Flush and stop the broker while purchases are accepted."""
    before = stage.register("20.00")
    during = stage.register("20.00")
    stage.buy(before, prefer="respond-async")
    stage.flush_valkey()
    stage.demo.servers.stop_valkey()
    try:
        expect(stage.buy(during, prefer="respond-async").status_code == ACCEPTED, "refused")
        waiting = stage.register("20.00")
        expect(stage.buy(waiting).status_code == OK, "Buy Now needs the broker")
    finally:
        stage.demo.servers.start_valkey()
    for checkout in (before, during):
        stage.until_phase(checkout, "captured")
        expect(stage.charges(checkout) == 1, stage.book(checkout))
    return "Buy Now went on without it; all captured, 1 charge each"


def postgres_restarted(stage: Stage) -> str:
    """Restart PostgreSQL at once, without a clean shutdown, while Buy Now is pressed."""
    checkouts = [stage.register("20.00") for _ in range(10)]
    with ThreadPoolExecutor(len(checkouts)) as shoppers:
        presses = [shoppers.submit(stage.buy_patiently, checkout) for checkout in checkouts]
        stage.demo.servers.restart_postgres(immediate=True)
        for press in presses:
            press.result()
    for checkout in checkouts:
        stage.until_phase(checkout, "captured")
        expect(stage.charges(checkout) == 1, stage.book(checkout))
    return f"{len(checkouts)} purchases captured, 1 charge each"


def walked_away(stage: Stage) -> str:
    """Register, and never press Buy Now."""
    checkout = stage.register("20.00", expires_in_seconds=SHORTEST_LIFETIME_SECONDS)
    stage.until(lambda: stage.session(checkout)["status"] == "expired", "expired")
    refused = stage.buy(checkout).status_code
    status = stage.book(checkout)["status"]
    expect(refused == REFUSED and status in {"cancelled", "expired"}, (refused, status))
    return f"expired; {status} at the PSP; Buy Now refused"


JOURNEYS: Final = (
    Journey("Walks through the shop's pages", "paid, and back at the shop", through_the_shop),
    Journey("Paid at once", "successful", paid_at_once),
    Journey("Paid after the issuer took hours", "started, then successful", paid_after_hours),
    Journey("Declined", "failed, no charge", declined),
    Journey("Declined for now, another card chosen", "started, then successful", declined_for_now),
    Journey("Buy Now pressed twice in turn", "1 charge", pressed_twice),
    Journey("Buy Now pressed 50 times at once", "1 charge, no error", pressed_at_once),
    Journey(
        "PSP charged and dropped the connection", "in doubt, then 1 charge", charged_and_dropped
    ),
    Journey("Webhook before the answer", "successful once", webhook_before_the_answer),
    Journey("Webhook twice", "successful once", webhook_twice),
    Journey("Webhook lost", "a poll finds out", webhook_lost),
    Journey("Webhook forged", "401, nothing changed", webhook_forged),
    Journey("PSP down for a while", "successful when it is back", psp_down),
    Journey("Worker killed between answer and commit", "1 charge", worker_killed),
    Journey("Valkey flushed and stopped meanwhile", "1 charge each", valkey_lost),
    Journey("PostgreSQL restarted meanwhile", "1 charge each", postgres_restarted),
    Journey("Shopper walks away", "expires, no charge", walked_away),
)
