"""Settings and registry in, ready PSP clients out; and the one way in which they are asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final, Generic, TypeVar

from django.conf import settings
from django.db import connections

from payments.circuit import Circuit
from payments.crash_points import CrashPoint, passing
from payments.domain.answers import UNHEALTHY, CallOutcome
from psp_clients import contract
from psp_clients.http import Transport
from psp_clients.registry import PSPS, psp_package, variable
from psp_clients.settings import Mode

Result = TypeVar("Result")

OUTCOME_OF: Final[dict[type[contract.PspError], CallOutcome]] = {
    contract.NotSent: CallOutcome.NOT_SENT,
    contract.RetryableRejected: CallOutcome.RETRYABLE,
    contract.InDoubt: CallOutcome.IN_DOUBT,
    contract.Declined: CallOutcome.DECLINED,
    contract.DeclinedForNow: CallOutcome.DECLINED_FOR_NOW,
    contract.StateConflict: CallOutcome.STATE_CONFLICT,
    contract.InvalidRequest: CallOutcome.INVALID_REQUEST,
    contract.AuthFailed: CallOutcome.AUTH_FAILED,
    contract.Unsupported: CallOutcome.UNSUPPORTED,
}


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    """What came of asking a PSP: a result, or the error in its place; and how long it took."""

    outcome: CallOutcome
    result: Result | None
    error: contract.PspError | None
    duration_ms: int

    @property
    def retry_after(self) -> timedelta | None:
        """How long the PSP asks us to wait, if it says."""
        return getattr(self.error, "retry_after", None)


class TransactionOpen(AssertionError):
    """A PSP was about to be called while a database transaction was open."""


def assert_no_transaction() -> None:
    """Refuse to go on the network while rows may be locked. Stays on in production."""
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            raise TransactionOpen


@cache
def psp_client(name: str) -> contract.PspClient:
    """Return the client of a PSP named in BPS_PSPS. Raises LookupError for any other name."""
    if name not in settings.BPS_PSPS:
        raise LookupError(f"BPS_PSPS does not name {name!r}")
    return psp_package(name).build(_values(name), psp_transport(name))


def psp_transport(name: str) -> Transport:
    """Return a new way to a PSP in use, as its client has one; it opens no socket yet."""
    return Transport(
        _values(name)["URL"],
        connect_timeout=settings.BPS_PSP_CONNECT_TIMEOUT_SECONDS,
        money_timeout=settings.BPS_PSP_MONEY_TIMEOUT_SECONDS,
        lookup_timeout=settings.BPS_PSP_LOOKUP_TIMEOUT_SECONDS,
        before_send=assert_no_transaction,
        after_send=lambda: passing(CrashPoint.AFTER_SEND),
    )


def page_charges(name: str) -> bool:
    """Tell whether a PSP's own page takes the money, so that Buy Now only asks what it did."""
    if name not in settings.BPS_PSPS:
        return False
    return psp_client(name).capabilities.confirm_mode is contract.ConfirmMode.READS


def can_be_asked(name: str) -> bool:
    """Tell whether a PSP can be asked about payments and refunds at any time."""
    return psp_client(name).capabilities.can_poll


def psp_mode(name: str) -> Mode:
    """Tell whether our account at a PSP in use moves real money. Raises LookupError."""
    return psp_package(name).mode(_values(name))


def is_for_tests(name: str) -> bool:
    """Tell whether a PSP is in use with an account that moves no real money."""
    in_use = name in settings.BPS_PSPS and name in PSPS
    return in_use and psp_mode(name) is Mode.TEST


def dashboard_url(name: str, ref: contract.PspReference) -> str:
    """Return where staff see a payment at a PSP; "" where it has no such page, or is not in use."""
    if name not in settings.BPS_PSPS or name not in PSPS:
        return ""
    return psp_package(name).dashboard_url(_values(name), ref)


def _values(name: str) -> dict[str, str]:
    """Return what the settings tell a PSP's client."""
    return {
        one.name: str(getattr(settings, variable(name, one.name)))
        for one in psp_package(name).SETTINGS
    }


def ask(psp: str, question: Callable[[contract.PspClient], Result]) -> Answer[Result]:
    """Ask a PSP one thing through its circuit breaker, and say what came of it.

    Raises no PspError: every one of them is an answer to be recorded.
    """
    circuit = Circuit(psp)
    if circuit.is_open():
        return Answer(CallOutcome.NOT_SENT, None, contract.NotSent("circuit open"), 0)
    started = time.monotonic()
    try:
        result, error, outcome = question(psp_client(psp)), None, CallOutcome.ANSWERED
    except contract.PspError as raised:
        result, error, outcome = None, raised, OUTCOME_OF[type(raised)]
    if outcome in UNHEALTHY:
        circuit.failed()
    else:
        circuit.succeeded()
    return Answer(outcome, result, error, int((time.monotonic() - started) * 1000))
