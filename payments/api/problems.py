"""Errors as RFC 9457 problem+json: what happened, where, whether money moved, and what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import structlog
from django.db import DatabaseError, InterfaceError
from django.http import Http404
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from payments import selectors
from payments.api.parsers import BodyTooLarge
from payments.domain.lifecycle import PurchaseStatus
from payments.models import Purchase
from payments.services import refusals

log = structlog.get_logger()

CONTENT_TYPE: Final = "application/problem+json"
NO: Final = "no"
UNKNOWN: Final = "unknown"
YES: Final = "yes"
# How the framework names an error of an object as a whole.
WHOLE: Final = api_settings.NON_FIELD_ERRORS_KEY
MONEY_MOVED: Final = {
    PurchaseStatus.STARTED: UNKNOWN,
    PurchaseStatus.SUCCESSFUL: YES,
    PurchaseStatus.FAILED: NO,
}
# What a request got wrong, where the framework found out before any field was read.
CULPRITS: Final[dict[type[exceptions.APIException], str]] = {
    exceptions.NotAuthenticated: "Authorization",
    exceptions.AuthenticationFailed: "Authorization",
    exceptions.PermissionDenied: "Authorization",
    exceptions.ParseError: "body",
    BodyTooLarge: "body",
    exceptions.UnsupportedMediaType: "Content-Type",
    exceptions.NotAcceptable: "Accept",
}


class ProblemRenderer(JSONRenderer):
    """Writes JSON under the media type of problems."""

    media_type = CONTENT_TYPE
    charset = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem. `slug` is stable: shops may branch on it."""

    slug: str
    status: int
    title: str
    what_to_do: str
    detail: str = ""
    money_moved: str = NO
    errors: tuple[dict[str, str], ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_response(self) -> Response:
        """Return the HTTP answer."""
        body = {
            "type": f"urn:bps:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "money_moved": self.money_moved,
            "what_to_do": self.what_to_do,
            "request_id": structlog.contextvars.get_contextvars().get("request_id"),
            **({"errors": list(self.errors)} if self.errors else {}),
            **self.members,
        }
        response = Response(body, status=self.status, headers=dict(self.headers))
        response.content_type = CONTENT_TYPE
        return response


class ProblemRaised(Exception):
    """Raised at the edge for a problem that no service knows of."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.slug)
        self.problem = problem


def invalid(*errors: tuple[str, str]) -> Problem:
    """Return the problem of fields that are wrong: (field, reason) each."""
    return Problem(
        "invalid-request",
        400,
        "The request is not valid",
        "Correct the fields named in errors and send it again.",
        "; ".join(f"{name}: {reason}" for name, reason in errors),
        errors=tuple({"field": name, "reason": reason} for name, reason in errors),
    )


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Word any error of a view as a problem. DRF's exception handler."""
    set_rollback()
    return (_problem_of(error) or _our_fault(error)).as_response()


def _problem_of(error: Exception) -> Problem | None:
    if isinstance(error, ProblemRaised):
        return error.problem
    if isinstance(error, refusals.Refusal):
        return _of_refusal(error)
    if isinstance(error, (DatabaseError, InterfaceError)):
        return _database_away()
    if isinstance(error, exceptions.ValidationError):
        return invalid(*_flat(error.detail))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def _our_fault(error: Exception) -> Problem:
    """Word a fault of ours. What was committed before it stands, and is found by asking again."""
    log.error("request_failed", exc_info=error)
    return Problem(
        "internal-error",
        500,
        "BPS made a mistake",
        "Send the same request again, with the same Idempotency-Key; if it fails again, tell the "
        "people who run BPS the request_id.",
        money_moved=UNKNOWN,
    )


def _database_away() -> Problem:
    """Word a lost database: a commit that failed may have been made, and is safely repeated."""
    return Problem(
        "temporarily-unavailable",
        503,
        "BPS cannot answer just now",
        "Send the same request again, with the same Idempotency-Key.",
        money_moved=UNKNOWN,
        headers={"Retry-After": "1"},
    )


def _of_framework(error: exceptions.APIException) -> Problem:
    slugs = {
        400: "unreadable-body",
        401: "not-authenticated",
        403: "not-allowed",
        404: "not-found",
        405: "method-not-allowed",
        406: "not-acceptable",
        413: "body-too-large",
        415: "wrong-content-type",
    }
    detail = str(error.detail)
    if isinstance(error, exceptions.NotAuthenticated):
        detail = "There is no API key. Send `Authorization: Api-Key <key>`."
    header = getattr(error, "auth_header", None)
    culprit = next((name for kind, name in CULPRITS.items() if isinstance(error, kind)), None)
    return Problem(
        slugs.get(error.status_code, "refused"),
        error.status_code,
        HTTPStatus(error.status_code).phrase,
        "Correct the request and send it again.",
        detail,
        errors=({"field": culprit, "reason": detail},) if culprit else (),
        headers={"WWW-Authenticate": header} if header else {},
    )


def _of_refusal(error: refusals.Refusal) -> Problem:
    if isinstance(error, refusals.OrderTaken):
        return _order_taken(error)
    return _WORDINGS[type(error)](error)


def _order_taken(error: refusals.OrderTaken) -> Problem:
    purchase = error.purchase
    members: dict[str, Any] = {"purchase": selectors.purchase_as_shown(purchase)}
    if isinstance(error, refusals.OrderAlreadyPaid):
        return Problem(
            "order-already-paid",
            409,
            "The order is paid already",
            "Show the shopper the result of the purchase named here.",
            f"Purchase {purchase.public_id} of this order was successful.",
            money_moved=YES,
            members=members,
        )
    if purchase.awaits_shopper:
        return Problem(
            "purchase-in-progress",
            409,
            "Another purchase of the order has not ended",
            "Send the shopper to its next_action; or cancel its checkout, and ask again soon.",
            f"Purchase {purchase.public_id} of this order was declined for now, and waits for the "
            "shopper.",
            members={**members, "next_check_at": members["purchase"]["next_check_at"]},
        )
    in_doubt = isinstance(error, refusals.OutcomeInDoubt)
    return Problem(
        "outcome-in-doubt" if in_doubt else "purchase-in-progress",
        409,
        "Another purchase of the order has not ended",
        "Wait for its outcome; BPS tells you by webhook. Do not charge the shopper elsewhere.",
        f"Purchase {purchase.public_id} of this order "
        + ("may have been charged." if in_doubt else "is still under way."),
        money_moved=UNKNOWN,
        members={**members, "next_check_at": members["purchase"]["next_check_at"]},
        headers=_after_next_check(purchase, timezone.now()),
    )


def _after_next_check(purchase: Purchase, now: datetime) -> dict[str, str]:
    """Return when asking again may find more; nothing once we have given up looking ourselves."""
    if purchase.due_at is None:
        return {}
    return {"Retry-After": str(max(1, math.ceil((purchase.due_at - now).total_seconds())))}


def _psp_unavailable(error: refusals.PspUnavailable) -> Problem:
    return Problem(
        "psp-unavailable",
        503,
        "No PSP could be reached",
        "Send the same request again; BPS goes on where it stood.",
        headers={"Retry-After": str(math.ceil(error.retry_after.total_seconds()))},
    )


_WORDINGS: Final[dict[type[refusals.Refusal], Callable[[Any], Problem]]] = {
    refusals.CheckoutUnknown: lambda _: Problem(
        "checkout-unknown",
        404,
        "There is no such checkout",
        "Register it first with POST /api/v1/payment-sessions.",
        errors=({"field": "checkout_id", "reason": "no checkout of your shop has this id"},),
    ),
    refusals.CheckoutConflict: lambda error: Problem(
        "checkout-conflict",
        409,
        "The checkout id was registered before with other content",
        "Use a new checkout_id for new content.",
        errors=tuple(
            {"field": name, "reason": "differs from what was registered"} for name in error.fields
        ),
    ),
    refusals.TokenMismatch: lambda _: Problem(
        "token-mismatch",
        422,
        "The token is not this checkout's",
        "Send the psp_token that the registration of this checkout answered.",
        errors=({"field": "psp_token", "reason": "is not the token of this checkout"},),
    ),
    refusals.NotRegistered: lambda _: Problem(
        "not-registered",
        409,
        "The checkout has no token yet",
        "Repeat the registration; BPS goes on where it stood.",
        errors=({"field": "checkout_id", "reason": "its registration has not been confirmed"},),
    ),
    refusals.CheckoutEnded: lambda error: Problem(
        f"checkout-{error.status}",
        409,
        f"The checkout is {error.status}",
        "Register a new checkout for the order.",
        errors=({"field": "checkout_id", "reason": f"the checkout is {error.status}"},),
    ),
    refusals.NoPspFits: lambda _: Problem(
        "no-psp-fits",
        422,
        "No PSP of your shop can take this",
        "Check psp, currency and capture against your shop's routing.",
        errors=({"field": "psp", "reason": "none of your PSPs takes this currency and capture"},),
    ),
    refusals.PspUnavailable: _psp_unavailable,
    refusals.PspRefused: lambda _: Problem(
        "psp-refused",
        502,
        "The PSP refused to register the checkout",
        "Tell the people who run BPS; a case has been opened. Asking again does not help.",
    ),
    refusals.ReturnUrlRefused: lambda error: invalid((error.field, error.reason)),
    refusals.NothingToRefund: lambda _: Problem(
        "nothing-to-refund",
        409,
        "There is nothing to give back",
        "See the checkout's refunds: what is pending counts as given back.",
        "No money was taken for this checkout, or all of it was given back or is on its way.",
        errors=({"field": "checkout_id", "reason": "nothing is left to give back"},),
    ),
    refusals.RefundTooLarge: lambda error: Problem(
        "refund-too-large",
        409,
        "More than what is left to give back",
        "Ask for at most refundable_amount.",
        f"{error.left.amount} {error.left.currency} is left to give back.",
        errors=({"field": "amount", "reason": f"must be at most {error.left.amount}"},),
        members={"refundable_amount": error.left.amount, "currency": error.left.currency},
    ),
    refusals.RefundKeyReused: lambda _: Problem(
        "idempotency-key-reused",
        422,
        "The Idempotency-Key header belongs to another request",
        "Send one key per purchase or refund, and the same key with the same request again.",
        errors=({"field": "Idempotency-Key", "reason": "belongs to a refund of another sum"},),
    ),
    refusals.NothingReserved: lambda error: Problem(
        "nothing-reserved",
        409,
        "Nothing is reserved that waits for the shop",
        "Capture or void only what was registered with capture=manual and is authorized.",
        "Nobody pressed Buy Now."
        if error.purchase is None
        else f"Purchase {error.purchase.public_id} is {error.purchase.phase}, and its checkout was "
        f"registered with capture={error.purchase.session.capture}.",
        money_moved=NO
        if error.purchase is None
        else MONEY_MOVED[PurchaseStatus(error.purchase.status)],
        errors=({"field": "checkout_id", "reason": "has nothing to capture or to void"},),
    ),
    refusals.CaptureTooLarge: lambda error: Problem(
        "capture-too-large",
        409,
        "More than what is reserved",
        "Ask for at most what the purchase is for.",
        f"{error.reserved.amount} {error.reserved.currency} is reserved.",
        errors=({"field": "amount", "reason": f"must be at most {error.reserved.amount}"},),
    ),
    refusals.CaptureKeyReused: lambda _: Problem(
        "idempotency-key-reused",
        422,
        "The Idempotency-Key header belongs to another request",
        "Send one key per purchase, capture or refund, and the same key with the same request "
        "again.",
        errors=({"field": "Idempotency-Key", "reason": "belongs to something else"},),
    ),
    refusals.InstructionPending: lambda error: Problem(
        f"{error.instruction.kind}-in-progress",
        409,
        f"A {error.instruction.kind} of the purchase is under way",
        "Wait for its end; BPS tells you by webhook.",
        f"{error.instruction.public_id} of {error.instruction.amount} "
        f"{error.instruction.currency} has not ended.",
        money_moved=UNKNOWN,
        errors=({"field": "checkout_id", "reason": "something else was asked of it"},),
    ),
    refusals.CannotVoid: lambda _: Problem(
        "void-not-offered",
        422,
        "The PSP offers no way to let go what is reserved",
        "Wait: what is not captured is let go by the issuer in the end.",
        errors=({"field": "checkout_id", "reason": "its PSP cannot cancel"},),
    ),
    refusals.PurchaseStarted: lambda error: Problem(
        "purchase-started",
        409,
        "The purchase has started and cannot be cancelled",
        "Wait for its outcome.",
        f"Purchase {error.purchase.public_id} is {error.purchase.status}.",
        money_moved=MONEY_MOVED[PurchaseStatus(error.purchase.status)],
        members={"purchase": selectors.purchase_as_shown(error.purchase)},
    ),
}


def _flat(detail: Any, place: str = "") -> list[tuple[str, str]]:
    """Turn DRF's nested error details into (field, reason) pairs with dotted places."""
    if isinstance(detail, dict):
        return [
            pair
            for name, inner in detail.items()
            for pair in _flat(inner, place if name == WHOLE else f"{place}.{name}".lstrip("."))
        ]
    if isinstance(detail, list) and any(isinstance(inner, dict) for inner in detail):
        return [
            pair for index, inner in enumerate(detail) for pair in _flat(inner, f"{place}[{index}]")
        ]
    reasons = detail if isinstance(detail, list) else [detail]
    return [(place or "body", str(reason)) for reason in reasons]
