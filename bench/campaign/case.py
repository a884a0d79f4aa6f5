"""The evidence of a run, indexed for the rules of the oracle. Imports nothing of what is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from bench.campaign.evidence import Evidence, Row


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
