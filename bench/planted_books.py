"""Two sets of books of one day that agree but for what was planted: rows here, lines there.

Repeatable by its seed. Each planted difference is one thing alone, so that it must be found once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import F
from uuid_utils.compat import uuid7

from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.reconciliation import DifferenceKind
from payments.domain.refunds import RefundPhase
from payments.models import PaymentSession, Purchase, Refund, Shop

Line = dict[str, Any]

ROWS_AT_ONCE: Final = 1000
FEE_PERCENT: Final = Decimal("1.5")
CENT: Final = Decimal("0.01")
MINUTE: Final = timedelta(minutes=1)
SHARE_REFUNDED: Final = 0.1
SHARE_DECLINED: Final = 0.05


@dataclass
class PlantedBooks:
    """What the PSP lists, oldest first; our rows; and each planted (kind, subject)."""

    lines: list[Line] = field(default_factory=list)
    planted: set[tuple[str, str]] = field(default_factory=set)
    sessions: list[PaymentSession] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def store(self) -> None:
        """Write our side into the database, dated back to when it is said to have happened."""
        PaymentSession.objects.bulk_create(self.sessions, batch_size=ROWS_AT_ONCE)
        Purchase.objects.bulk_create(self.purchases, batch_size=ROWS_AT_ONCE)
        Refund.objects.bulk_create(self.refunds, batch_size=ROWS_AT_ONCE)
        PaymentSession.objects.update(created_at=F("expires_at") - 60 * MINUTE)
        Purchase.objects.update(created_at=F("phase_since") - MINUTE)
        Refund.objects.update(created_at=F("finished_at"))


def plant(*, purchases: int, of_each_kind: int, day: datetime, seed: int) -> PlantedBooks:
    """Return the books of a day with so many purchases, and so many differences of each kind."""
    return _Planting(day, random.Random(seed)).all(purchases, of_each_kind)  # noqa: S311 - a plan


class _Planting:
    def __init__(self, day: datetime, chance: random.Random) -> None:
        self.day, self.chance = day, chance
        self.books = PlantedBooks()
        self.shop, _ = Shop.objects.get_or_create(name="Bench", defaults={"routing": {}})

    def all(self, purchases: int, of_each_kind: int) -> PlantedBooks:
        for kind in DifferenceKind:
            for _ in range(of_each_kind):
                self._plant(kind)
        for _ in range(purchases - len(self.books.purchases)):
            self._agree()
        self.books.lines.sort(key=lambda line: (line["booked_at"], line["id"]))
        return self.books

    def _agree(self) -> None:
        # Up to both midnights, so that some are booked on another day than we learned of them.
        at = self.day + timedelta(seconds=self.chance.uniform(0, 24 * 3600))
        lot = self.chance.random()
        if lot < SHARE_DECLINED:
            self._buy(at, phase=Phase.DECLINED)
            return
        bought = self._buy(at)
        self._charge(bought)
        if lot > 1 - SHARE_REFUNDED:
            self._give_back(bought, self._refund(bought))

    def _plant(self, kind: DifferenceKind) -> None:
        at = self.day + timedelta(seconds=self.chance.uniform(2 * 3600, 22 * 3600))
        if kind is DifferenceKind.MISSING_HERE:
            stranger = {"reference": uuid7().hex, "token": f"tok_{uuid7().hex}"}
            subject = self._charge(self._buy(at, stored=False), **stranger)
        elif kind is DifferenceKind.MISSING_THERE:
            subject = f"payment:{self._buy(at).session.reference}"
        elif kind is DifferenceKind.STATUS:
            subject = self._charge(self._buy(at, phase=Phase.IN_DOUBT))
        else:
            bought = self._buy(at)
            charged = self._charge(bought, **self._faults(bought).get(kind, dict)())
            subject = self._around_a_refund(kind, bought) or charged
            if kind is DifferenceKind.DUPLICATE_CHARGE:
                subject = self._charge(bought, id=f"ch_{uuid7().hex}")
        self.books.planted.add((kind, subject))

    def _faults(self, bought: Purchase) -> dict[DifferenceKind, Callable[[], Line]]:
        """Return what a charge's line says otherwise, by the difference that it makes."""
        one_more = str(Decimal(bought.amount) + 1)
        return {
            DifferenceKind.AMOUNT: lambda: {"amount": one_more},
            DifferenceKind.CURRENCY: lambda: {"currency": "USD"},
            DifferenceKind.FEE: lambda: {"fee": bought.amount},
        }

    def _around_a_refund(self, kind: DifferenceKind, bought: Purchase) -> str:
        if kind is DifferenceKind.REFUND_MISSING_THERE:
            return f"refund:{self._refund(bought).pk.hex}"
        if kind is DifferenceKind.REFUND_MISSING_HERE:
            return self._give_back(bought, self._refund(bought, stored=False))
        if kind is DifferenceKind.REFUND_AMOUNT:
            return self._give_back(bought, self._refund(bought), amount="0.50")
        return ""

    def _buy(self, at: datetime, *, phase: Phase = Phase.CAPTURED, stored: bool = True) -> Purchase:
        key = uuid7()
        is_started = phase is Phase.IN_DOUBT
        amount = str(Decimal(self.chance.randint(100, 99_999)) * CENT)
        session = PaymentSession(
            pk=key,
            shop=self.shop,
            checkout_id=f"c-{key.hex}",
            psp="sandbox",
            psp_token=f"tok_{key.hex}",
            amount=amount,
            currency="EUR",
            status=SessionStatus.REGISTERED if is_started else SessionStatus.COMPLETED,
            return_url="https://shop.example/thanks",
            buy_now_url="https://shop.example/buy-now",
            expires_at=at + 55 * MINUTE,
        )
        purchase = Purchase(
            session=session,
            shop=self.shop,
            purchase_info={},
            amount=amount,
            currency="EUR",
            phase=phase,
            phase_since=at,
            payment_reference=f"ch_{key.hex}" if phase is Phase.CAPTURED else "",
            captured_amount=Decimal(amount) if phase is Phase.CAPTURED else 0,
            finished_at=None if is_started else at,
        )
        if stored:
            self.books.sessions.append(session)
            self.books.purchases.append(purchase)
        return purchase

    def _refund(self, bought: Purchase, *, stored: bool = True) -> Refund:
        key = uuid7()
        refund = Refund(
            pk=key,
            session=bought.session,
            purchase=bought,
            amount="1.00",
            currency="EUR",
            phase=RefundPhase.SUCCESSFUL,
            phase_since=bought.phase_since + MINUTE,
            refund_reference=f"re_{key.hex}",
            finished_at=bought.phase_since + MINUTE,
        )
        if stored:
            self.books.refunds.append(refund)
        return refund

    def _charge(self, bought: Purchase, **otherwise: str) -> str:
        fee = (Decimal(bought.amount) * FEE_PERCENT / 100).quantize(CENT)
        line = self._line("charge", f"ch_{bought.session.reference}", bought)
        return self._list({**line, "amount": bought.amount, "fee": str(fee), **otherwise})

    def _give_back(self, bought: Purchase, refund: Refund, **otherwise: str) -> str:
        line = self._line("refund", refund.refund_reference, bought)
        return self._list({**line, "amount": refund.amount, "fee": "0.00", **otherwise})

    def _line(self, kind: str, line_id: str, bought: Purchase) -> Line:
        clocks_apart = timedelta(seconds=self.chance.uniform(-30, 30))
        return {
            "kind": kind,
            "id": line_id,
            "reference": bought.session.reference,
            "token": bought.session.psp_token,
            "currency": "EUR",
            "status": "successful",
            "booked_at": (bought.phase_since + clocks_apart).isoformat(),
        }

    def _list(self, line: Line) -> str:
        self.books.lines.append(line)
        return f"{line['kind']}:{line['id']}"
