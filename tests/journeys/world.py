"""The world of a journey: a shop, a running BPS, and a PSP's fake, with HTTP between them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

from payments.models import CaseKind
from payments.psp import can_be_asked, page_charges
from tests import direct
from tests.journeys.stage import PspStage
from tests.passing_time import let_pass
from tests.shop_world import Checkout, ShopWorld


class JourneyWorld(ShopWorld):
    """What shop, shopper and PSP do. BPS works on what is due when `news` comes, or by `work`."""

    def __init__(self, *, bps_url: str, api_key: str, stage: PspStage) -> None:
        super().__init__(bps_url=bps_url, api_key=api_key)
        self.stage = stage

    @property
    def page_charges(self) -> bool:
        """Whether the PSP's own page takes the money, rather than our Buy Now."""
        return page_charges(self.stage.NAME)

    @property
    def can_be_asked(self) -> bool:
        """Whether the PSP tells when asked, rather than by webhooks alone."""
        return can_be_asked(self.stage.NAME)

    def arrives(self, checkout: Checkout, address: str) -> None:
        """Have the shopper go where the page leads her: to us, or to Buy Now in the shop."""
        if not self.page_charges:
            assert address.startswith(checkout.body["return_url"])
            assert self.buy(checkout).status_code in {200, 202}
            return
        path = f"/return/{self.session(checkout).public_token}"
        assert address.startswith(f"{self.bps_url}{path}")
        answer = direct.get(address, allow_redirects=False, timeout=10)
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == path.replace("return", "result")

    def pays(self, checkout: Checkout) -> None:
        """Have the shopper pay: on the page where that is all, else with Buy Now behind it."""
        address = self.stage.pays(checkout.token)
        if not self.page_charges:
            self.arrives(checkout, address)

    def news(self) -> None:
        """Have the PSP's webhooks come in, and work on what is due."""
        assert set(self.stage.deliver()) <= {200}
        self.work()

    def paid(self, **changes: Any) -> Checkout:
        """Register a checkout and see it paid."""
        checkout = self.register(**changes)
        self.pays(checkout)
        self.news()
        assert self.outcome(checkout) == "successful"
        return checkout

    def outcome(self, checkout: Checkout) -> str:
        """Return the purchase's status as the shop reads it, or the session's without one."""
        shown = self.read(checkout.id)
        purchase = shown["purchase"]
        return str(purchase["status"] if purchase else shown["status"])

    def page_says(self, checkout: Checkout) -> str:
        """Return the heading of the shopper's result page."""
        address = f"{self.bps_url}/result/{self.session(checkout).public_token}"
        page = direct.get(address, timeout=10)
        assert page.status_code == 200, page.text
        [heading] = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
        return re.sub(r"<[^>]*>", "", heading).strip()

    def give_back(self, checkout: Checkout, amount: str | None = None) -> dict[str, Any]:
        """Ask for a refund, and have a worker see to it."""
        answer = self.post(
            f"/{checkout.id}/refunds",
            {"reason": "returned"} | ({"amount": amount} if amount else {}),
            **{"Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code in {200, 202}, answer.text
        self.work()
        refund: dict[str, Any] = answer.json()
        return refund

    def refunds(self, checkout: Checkout) -> list[tuple[str, str]]:
        """Return the refunds of a checkout as the shop reads them: amount and status."""
        answer = direct.get(
            f"{self.bps_url}/api/v1/payment-sessions/{checkout.id}/refunds",
            headers=self.headers,
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return [(one["amount"], one["state"]) for one in answer.json()["results"]]

    def let_pass(self, checkout: Checkout, **time: float) -> None:
        """Let time pass for everything about a checkout, and work on what is due then."""
        let_pass(self.session(checkout), timedelta(**time))
        self.work()

    def cases(self, checkout: Checkout) -> list[CaseKind]:
        """Return what people are asked to look at."""
        return [CaseKind(case.kind) for case in self.session(checkout).cases.order_by("pk")]
