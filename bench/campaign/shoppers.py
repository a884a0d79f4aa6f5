"""The shoppers: what each of them does, decided by the run's seed and the shopper's number."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from bench.campaign.errands import Errands
from bench.campaign.setup import Setup
from bench.campaign.shop import Asking, Heard, Shop, all_at_once

DECLINED_FOR_NOW_DIGITS: Final = "25"
# What the next try meets: most are paid, some lose their answer, some are declined again.
CHOICES: Final = ("approve", "approve", "charge_then_drop", "decline", "decline_for_now")
LATE_SUCCESS_DIGITS: Final = ("17", "21")
# Amounts end in digits that choose nothing, so that the PSP's rates decide.
PLAIN_DIGITS: Final = tuple(f"{number:02d}" for number in range(30, 100))
CURRENCIES: Final = (("EUR", 2),) * 8 + (("JPY", 0), ("KWD", 3))
# The first look again, and how much longer each next one is put off.
LOOK_AGAIN_SECONDS: Final = 1.0
LOOKS_SLOW_DOWN_BY: Final = 1.5
LONGEST_BETWEEN_LOOKS_SECONDS: Final = 6.0
WAIT_FOR_AN_END_SECONDS: Final = 14.0
# Nobody else ends what is reserved, or what waits for a choice: they wait whatever goes wrong, and
# longer than whatever waits behind the PSP's longest outage.
WAIT_PATIENTLY_SECONDS: Final = 300.0
TRIES_AGAIN_AFTER_A_DECLINE: Final = 0.6
VISITS_THE_RESULT: Final = 0.25
REFUNDS_WHAT_WAS_CAPTURED: Final = 0.3
REFUNDS_AGAIN: Final = 0.3
BUY_NOW_WAITS: Final = ("", "", "", "wait=4")


@dataclass(frozen=True, slots=True)
class Checkout:
    """One registered checkout."""

    id: str
    order: str
    token: str
    amount: str
    result_url: str


class Shopper:
    """One shopper, with a random source of her own. `play` is her whole visit."""

    def __init__(self, setup: Setup, shop: Shop, number: int) -> None:
        self._setup = setup
        self._shop = shop
        self._number = number
        self._draw = random.Random(f"{setup.seed}:shopper:{number}")  # noqa: S311 - repeatable
        self._errands = Errands(shop, self._draw)
        self._checkouts = 0

    def play(self) -> None:
        """Do what the drawn story says."""
        stories = self._setup.stories
        story = self._draw.choices(list(stories), weights=list(stories.values()))[0]
        tale: Callable[[], None] = getattr(self, f"_{story}")
        tale()

    def _plain(self) -> None:
        checkout = self._register()
        if checkout is None:
            return
        heard = self._buy(checkout, prefer=self._draw.choice(BUY_NOW_WAITS))
        self._look_around(checkout, heard)
        declined = heard.purchase_status == "failed"
        if declined and self._draw.random() < TRIES_AGAIN_AFTER_A_DECLINE:
            self._try_again(checkout)

    def _respond_async(self) -> None:
        checkout = self._register()
        if checkout is None:
            return
        heard = self._buy(checkout, prefer="respond-async")
        if self._ended(checkout, heard) == "failed":
            self._try_again(checkout)

    def _try_again(self, before: Checkout) -> None:
        checkout = self._register(order=before.order)
        if checkout is not None:
            self._look_around(checkout, self._buy(checkout))

    def _presses_again(self) -> None:
        checkout = self._register()
        if checkout is not None:
            self._press_at_once([checkout] * self._draw.randint(2, 4), same_key=True)

    def _presses_with_other_keys(self) -> None:
        checkout = self._register()
        if checkout is not None:
            self._press_at_once([checkout] * self._draw.randint(2, 4), same_key=False)

    def _registers_twice(self) -> None:
        """Register in two requests at once, and buy with whichever token came."""
        self._checkouts += 1
        asking = self._registration(self._amount(""))
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(self._shop.ask, [asking, asking]))
        checkout = self._registered(asking, answers[0])
        if checkout is not None:
            self._buy(checkout)

    def _two_tabs(self) -> None:
        first = self._register()
        second = first and self._register(order=first.order)
        if first is not None and second is not None:
            self._press_at_once([first, second], same_key=True)

    def _older_tab(self) -> None:
        first = self._register()
        second = first and self._register(order=first.order)
        if first is not None and second is not None:
            self._buy(first, prefer="respond-async")
            self._buy(second)

    def _walks_away(self) -> None:
        self._register(seconds=self._draw.choice((900, 3600, None)))

    def _cancels(self) -> None:
        checkout = self._register()
        if checkout is not None:
            self._cancel(checkout)
            if self._draw.random() < 0.5:  # noqa: PLR2004 - half of them change their minds
                self._buy(checkout)

    def _cancels_while_buying(self) -> None:
        checkout = self._register()
        if checkout is None:
            return
        buying = threading.Thread(target=self._buy, args=[checkout])
        buying.start()
        self._cancel(checkout)
        buying.join()

    def _late_success(self) -> None:
        """Buy what the bank approves after the PSP has given up; leave it at that."""
        checkout = self._register(digits=self._draw.choice(LATE_SUCCESS_DIGITS))
        if checkout is not None:
            self._buy(checkout)

    def _surplus(self) -> None:
        """Pay again after a decline that the bank then takes back: the order is paid twice."""
        checkout = self._register(digits="21")
        if checkout is None:
            return
        heard = self._buy(checkout)
        if self._ended(checkout, heard) == "failed":
            self._try_again(checkout)

    def _chooses_again(self) -> None:
        """Be declined for now, choose another way to pay, and buy again, until it has ended."""
        checkout = self._register(digits=DECLINED_FOR_NOW_DIGITS)
        if checkout is None:
            return
        heard = self._buy(checkout)
        tries = 0
        for pause in pauses(WAIT_PATIENTLY_SECONDS):
            if heard.purchase_status in ("successful", "failed"):
                return
            if heard.awaits_shopper:
                tries += 1
                self._shop.choose_at_psp(checkout.token, self._draw.choice(CHOICES))
                keys = [f"try-{checkout.id}-{tries}-{n}" for n in range(self._draw.randint(1, 3))]
                all_at_once([partial(self._buy, checkout, key=key) for key in keys])
            time.sleep(pause)
            heard = self._read(checkout)

    def _captures(self) -> None:
        checkout = self._reserve()
        if checkout is not None:
            self._errands.capture(checkout.id, checkout.amount)
            if self._draw.random() < REFUNDS_WHAT_WAS_CAPTURED:
                self._errands.refund(checkout.id, checkout.amount)

    def _voids(self) -> None:
        checkout = self._reserve()
        if checkout is not None:
            self._errands.void(checkout.id)

    def _captures_and_voids(self) -> None:
        checkout = self._reserve()
        if checkout is not None:
            self._errands.capture(checkout.id, checkout.amount, beside_a_void=True)

    def _refunds(self) -> None:
        """Buy, and want some of the money back once it is taken."""
        checkout = self._register()
        if checkout is not None and self._ended(checkout, self._buy(checkout)) == "successful":
            self._errands.refund(checkout.id, checkout.amount)
            if self._draw.random() < REFUNDS_AGAIN:
                self._errands.refund_the_rest(checkout.id)

    def _reserve(self) -> Checkout | None:
        """Buy what the shop captures by hand; return it once it is reserved, or None if never."""
        checkout = self._register(by_hand=True)
        if checkout is None:
            return None
        heard = self._buy(checkout)
        for pause in pauses(WAIT_PATIENTLY_SECONDS):
            if heard.phase == "authorized":
                return checkout
            if heard.purchase_status in ("successful", "failed"):
                return None
            time.sleep(pause)
            heard = self._read(checkout)
        return checkout if heard.phase == "authorized" else None

    def _forger(self) -> None:
        """Claim to be the PSP, for a checkout that nobody has paid."""
        checkout = self._register()
        if checkout is None:
            return
        event_id = f"evt_forged_{self._setup.seed}_{self._number}"
        event = {
            "id": event_id,
            "type": "session.paid",
            "created_at": "2026-01-01T00:00:00Z",
            "data": {"session": {"token": checkout.token, "reference": checkout.id}},
        }
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(time.time())),
            "webhook-signature": "v1,Zm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2VkIGZvcmc=",
        }
        who = {"checkout": checkout.id, "event_id": event_id}
        self._shop.ask(Asking("forge", "POST", self._shop.webhook_url, event, headers, who))

    def _register(
        self,
        *,
        order: str = "",
        digits: str = "",
        seconds: int | None = 0,
        by_hand: bool = False,
    ) -> Checkout | None:
        self._checkouts += 1
        money = self._amount(digits)
        asking = self._registration(money, order=order, seconds=seconds, by_hand=by_hand)
        return self._registered(asking, self._shop.ask(asking))

    def _registration(
        self,
        money: tuple[str, str],
        *,
        order: str = "",
        seconds: int | None = 0,
        by_hand: bool = False,
    ) -> Asking:
        name = f"{self._setup.seed}-{self._number}-{self._checkouts}"
        amount, currency = money
        body: dict[str, Any] = {
            "checkout_id": f"c-{name}",
            "order_reference": order or f"o-{name}",
            "amount": amount,
            "currency": currency,
            "return_url": f"{self._shop.site}/shop/orders/",
        }
        if seconds is not None:
            body["expires_in_seconds"] = seconds or self._setup.session_seconds
        if by_hand:
            body["capture"] = "manual"
        who = {"checkout": body["checkout_id"], "order": body["order_reference"]}
        asked = {"amount": amount, "currency": currency, "by_hand": by_hand}
        return Asking("register", "POST", self._shop.api_url, body, who={**who, **asked})

    def _registered(self, asking: Asking, heard: Heard) -> Checkout | None:
        if not heard.said.get("psp_token"):
            return None
        who = asking.who or {}
        return Checkout(
            who["checkout"],
            who["order"],
            heard.said["psp_token"],
            who["amount"],
            heard.said["result_url"],
        )

    def _amount(self, digits: str) -> tuple[str, str]:
        weights = self._setup.digits
        digits = digits or self._draw.choices(list(weights), weights=list(weights.values()))[0]
        minor = f"{self._draw.randint(1, 99)}{digits or self._draw.choice(PLAIN_DIGITS)}"
        currency, places = self._draw.choice(CURRENCIES)
        if not places:
            return minor, currency
        minor = minor.rjust(places + 1, "0")
        return f"{minor[:-places]}.{minor[-places:]}", currency

    def _buy(self, checkout: Checkout, *, key: str = "", prefer: str = "") -> Heard:
        key = key or f"buy-{checkout.id}"
        headers = {"Idempotency-Key": key}
        if prefer:
            headers["Prefer"] = prefer
        items = [{"name": "Tulips", "quantity": 1, "unit_amount": checkout.amount}]
        body: dict[str, Any] = {"psp_token": checkout.token, "purchase_info": {"items": items}}
        url = f"{self._shop.api_url}/{checkout.id}/buy-now"
        who = {"checkout": checkout.id, "order": checkout.order, "key": key}
        return self._shop.ask(Asking("buy", "POST", url, body, headers, who))

    def _press_at_once(self, checkouts: list[Checkout], *, same_key: bool) -> None:
        all_at_once(
            [
                partial(
                    self._buy,
                    checkout,
                    key=f"buy-{checkout.id}" if same_key else f"buy-{checkout.id}-{place}",
                )
                for place, checkout in enumerate(checkouts)
            ]
        )

    def _read(self, checkout: Checkout) -> Heard:
        url = f"{self._shop.api_url}/{checkout.id}"
        return self._shop.ask(Asking("read", "GET", url, who={"checkout": checkout.id}))

    def _cancel(self, checkout: Checkout) -> None:
        url = f"{self._shop.api_url}/{checkout.id}/cancel"
        self._shop.ask(Asking("cancel", "POST", url, {}, who={"checkout": checkout.id}))

    def _look_around(self, checkout: Checkout, heard: Heard) -> None:
        if self._draw.random() < VISITS_THE_RESULT:
            url = f"{self._shop.public_url}{urlsplit(checkout.result_url).path}?poll"
            self._shop.ask(Asking("result", "GET", url, who={"checkout": checkout.id}))
        if heard.purchase_status == "started":
            self._read(checkout)

    def _ended(self, checkout: Checkout, heard: Heard) -> str:
        """Look now and then until the purchase has ended; return as what, or nothing."""
        for pause in pauses(WAIT_FOR_AN_END_SECONDS):
            if heard.purchase_status != "started":
                break
            time.sleep(pause)
            heard = self._read(checkout)
        return heard.purchase_status


def pauses(seconds: float) -> Iterator[float]:
    """Say how long to wait before each look, longer each time, until so many seconds are over."""
    until = time.monotonic() + seconds
    pause = LOOK_AGAIN_SECONDS
    while time.monotonic() < until:
        yield pause
        pause = min(LOOKS_SLOW_DOWN_BY * pause, LONGEST_BETWEEN_LOOKS_SECONDS)
