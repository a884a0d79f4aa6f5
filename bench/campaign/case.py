"""The evidence of a run, indexed for the rules of the oracle. Imports nothing of what is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from bench.campaign.evidence import Evidence, Row

GRANTED: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken once: which, how, and the ids to look for."""

    rule: str
    says: str
    ids: dict[str, str] = field(default_factory=dict)


class Case:
    """The evidence, indexed."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def books(self) -> dict[str, list[Row]]:
        """The PSP's sessions by checkout."""
        return _grouped(self.evidence.books, "checkout_id")

    @cached_property
    def sessions(self) -> dict[str, Row]:
        """BPS's sessions by checkout."""
        return {row["checkout_id"]: row for row in self.evidence.sessions}

    @cached_property
    def orders(self) -> dict[str, list[str]]:
        """Checkouts by order, as the shop named them."""
        named = {
            line["checkout"]: line["order"]
            for line in self.evidence.history
            if line["act"] == "register"
        }
        found = defaultdict(list)
        for checkout, order in named.items():
            found[order].append(checkout)
        return found

    @cached_property
    def by_hand(self) -> list[str]:
        """The checkouts whose money the shop captures by hand."""
        lines = self.evidence.history
        registered = (line for line in lines if line["act"] == "register" and line["by_hand"])
        return sorted({line["checkout"] for line in registered})

    @cached_property
    def asked_to_end(self) -> set[str]:
        """The checkouts of which a capture or a void was granted."""
        asked = (line for line in self.evidence.history if line["act"] in ("capture", "void"))
        return {line["checkout"] for line in asked if line["status"] in GRANTED}

    def sums_to_capture(self, checkout: str) -> set[Decimal]:
        """Return the sums that the shop asked to be captured; no sum meant all of it."""
        lines = [line for line in self.evidence.history if line["checkout"] == checkout]
        whole = next(line["amount"] for line in lines if line["act"] == "register")
        return {Decimal(line["asked"] or whole) for line in lines if line["act"] == "capture"}

    def refunds_there(self, reference: str) -> list[Row]:
        """Return what the PSP's books have of a refund of BPS."""
        return self._refunds_there.get(reference, [])

    @cached_property
    def _refunds_there(self) -> dict[str, list[Row]]:
        refunds = (refund for row in self.evidence.books for refund in row["refunds"])
        return _grouped(refunds, "reference")

    @cached_property
    def told_successful(self) -> dict[str, str]:
        """Checkouts that anybody was told to be paid, and by what."""
        told = {
            line["checkout"]: line["act"]
            for line in self.evidence.history
            if line["act"] in ("buy", "read", "cancel", "result")
            and shown_status(line) == "successful"
            and line["said"].get("checkout_id", line["checkout"]) == line["checkout"]
            and not line["said"].get("type")
        }
        for row in self.evidence.notifications:
            if row["status"] == "successful":
                told.setdefault(row["checkout_id"], "a notification")
        return told

    def purchase(self, checkout: str) -> Row | None:
        """BPS's purchase of a checkout, if it shows one."""
        session = self.sessions.get(checkout)
        return session["purchase"] if session else None

    def kept(self, checkout: str) -> Decimal:
        """Return what the PSP took for a checkout and did not give back."""
        rows = self.books.get(checkout, [])
        return sum((Decimal(r["charged"]) - Decimal(r["refunded"]) for r in rows), Decimal(0))

    def charges(self, checkout: str) -> list[Row]:
        """Every charge for a checkout."""
        return [charge for row in self.books.get(checkout, []) for charge in row["charges"]]


def shown_status(line: Row) -> str:
    """Return the status of a purchase that an answer shows, or nothing."""
    said = line["said"]
    purchase = said.get("purchase") or {}
    return str(purchase.get("status") or said.get("state") or "")


def _grouped(rows: Iterable[Row], name: str) -> dict[str, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return dict(found)
