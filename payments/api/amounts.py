"""Amounts as shops send them, judged by the currency of the checkout that they are about."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from payments.api.problems import ProblemRaised, invalid
from payments.domain.money import MoneyRefused, parse_money


def sent_amount(form: Mapping[str, Any], currency: str) -> Decimal | None:
    """Return the `amount` of a body, or None where it names none. Raises ProblemRaised."""
    if "amount" not in form:
        return None
    try:
        return Decimal(parse_money(form["amount"], currency).amount)
    except MoneyRefused as refused:
        raise ProblemRaised(invalid((refused.field, refused.reason))) from refused
