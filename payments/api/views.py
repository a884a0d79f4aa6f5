"""The API's endpoints. Each makes one call into the services."""

from __future__ import annotations

from typing import Any, cast

import structlog
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from payments import selectors
from payments.api import paging
from payments.api import serializers as forms
from payments.api.auth import ApiCaller
from payments.api.idempotency import HEADER, answer_once
from payments.api.parsers import LARGEST_BODY_BYTES, BodyTooLarge
from payments.api.preferences import patience
from payments.api.problems import CONTENT_TYPE, ProblemRaised, invalid
from payments.domain.lifecycle import PurchaseStatus, SessionStatus
from payments.models import CauseKind, PaymentSession, Purchase, Shop
from payments.services.buy_now import accept_buy_now
from payments.services.carry import submit_within
from payments.services.end_session import cancel_session
from payments.services.look_up import can_look_at_page, look_at_page, look_up
from payments.services.refusals import CheckoutUnknown
from payments.services.register import Checkout, register_session
from payments.services.timeline import Cause


def problems(*statuses: int) -> dict[Any, Any]:
    """Return the schema's entries for the refusals of an endpoint."""
    return {(status, CONTENT_TYPE): forms.ProblemAnswer for status in statuses}


CHECKOUT_ID = OpenApiParameter("checkout_id", str, OpenApiParameter.PATH)
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, required=True, description="1 to 255 printable characters"
)
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`respond-async` answers 202 at once; `wait=N` waits up to N (≤ 25) seconds",
)
CURSOR = OpenApiParameter("cursor", str, description="`next_cursor` of the page before")


class ShopView(APIView):
    """What every endpoint for shops has: a shop, a cause, a bounded body."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse large bodies before anything reads them, then authenticate."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY_BYTES:
            raise BodyTooLarge
        _ = request.body  # read once; the parser and the idempotency record both use it
        super().initial(request, *args, **kwargs)
        if not forms.ID.fullmatch(kwargs.get("checkout_id", "any")):
            raise CheckoutUnknown

    @property
    def shop(self) -> Shop:
        """The shop whose key was sent."""
        return cast("ApiCaller", self.request.user).shop

    @property
    def cause(self) -> Cause:
        """This request, as the cause of what it brings about."""
        request_id = structlog.contextvars.get_contextvars().get("request_id", "")
        return Cause(CauseKind.API_REQUEST, str(request_id), actor=self.shop.name)

    def read(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the validated body."""
        body = form(data=self.request.data)
        body.is_valid(raise_exception=True)
        return cast("dict[str, Any]", body.validated_data)

    def session(self, checkout_id: str) -> PaymentSession:
        """Return the shop's session. Raises CheckoutUnknown."""
        session = selectors.session_of_shop(self.shop, checkout_id)
        if session is None:
            raise CheckoutUnknown
        session.shop = self.shop
        return session


def shown(session: PaymentSession) -> dict[str, Any]:
    """Return a session as answers show it."""
    return selectors.session_as_shown(session, selectors.purchase_of(session))


class PaymentSessions(ShopView):
    """Register checkouts, and list them."""

    @extend_schema(
        operation_id="register_session",
        request=forms.RegisterRequest,
        responses={
            201: forms.SessionAnswer,
            200: forms.SessionAnswer,
            **problems(400, 409, 422, 503),
        },
    )
    def post(self, request: Request) -> Response:
        """Register a checkout at a PSP. Repeatable: the same checkout_id and content answer 200."""
        checkout = Checkout(**self.read(forms.RegisterRequest))
        session, made = register_session(
            shop=self.shop, checkout=checkout, cause=self.cause, now=timezone.now()
        )
        return Response(shown(session), status=201 if made else 200)

    @extend_schema(
        operation_id="list_sessions",
        parameters=[
            OpenApiParameter("status", str, enum=[str(s) for s in SessionStatus]),
            OpenApiParameter("order_reference", str),
            OpenApiParameter("created_after", str, description="RFC 3339 instant"),
            CURSOR,
        ],
        responses={200: forms.SessionPage, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List the shop's sessions, newest first."""
        asked = request.query_params
        unknown = sorted(set(asked) - {"status", "order_reference", "created_after", "cursor"})
        if unknown:
            raise ProblemRaised(invalid(*((name, "is not a known filter") for name in unknown)))
        sessions = selectors.sessions_of_shop(self.shop)
        if "status" in asked:
            if asked["status"] not in set(SessionStatus):
                words = ", ".join(SessionStatus)
                raise ProblemRaised(invalid(("status", f"must be one of {words}")))
            sessions = sessions.filter(status=asked["status"])
        if "order_reference" in asked:
            if not forms.ID.fullmatch(asked["order_reference"]):
                raise ProblemRaised(invalid(("order_reference", "is not an order reference")))
            sessions = sessions.filter(order_reference=asked["order_reference"])
        if "created_after" in asked:
            after = paging.instant_parameter("created_after", asked["created_after"])
            sessions = sessions.filter(created_at__gt=after)
        rows, cursor = paging.page_of_sessions(sessions, asked.get("cursor", ""))
        return Response({"results": [shown(row) for row in rows], "next_cursor": cursor})


class Psps(ShopView):
    """Which PSPs there are."""

    @extend_schema(operation_id="list_psps", responses={200: forms.PspsAnswer})
    def get(self, request: Request) -> Response:
        """List the PSPs that the shop may use, what they can, and whether they answer now."""
        return Response({"results": selectors.psps_as_shown(self.shop)})


class OneSession(ShopView):
    """Read one session."""

    @extend_schema(
        operation_id="read_session",
        parameters=[CHECKOUT_ID],
        responses={200: forms.SessionAnswer, **problems(404)},
    )
    def get(self, request: Request, checkout_id: str) -> Response:
        """Return the session and its purchase as they stand."""
        return Response(shown(self.session(checkout_id)))


class BuyNow(ShopView):
    """Press Buy Now."""

    @extend_schema(
        operation_id="buy_now",
        parameters=[CHECKOUT_ID, IDEMPOTENCY_KEY, PREFER],
        request=forms.BuyNowRequest,
        responses={
            200: forms.BuyNowAnswer,
            202: forms.BuyNowAnswer,
            **problems(400, 404, 409, 422, 503),
        },
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Charge the checkout once. 200 with the outcome, or 202 while it is still being found.

        Where the purchase has a `next_action` the shopper was declined for now: once she has
        chosen again, Buy Now with a new Idempotency-Key is another try of the same purchase.
        """
        return answer_once(
            request, self.shop, lambda: self._press(checkout_id), lambda: self._told(checkout_id)
        )

    def _press(self, checkout_id: str) -> Response:
        form = self.read(forms.BuyNowRequest)
        wait = patience(self.request.headers.get("Prefer", ""))
        now = timezone.now()
        accepted = accept_buy_now(
            shop=self.shop,
            checkout_id=checkout_id,
            psp_token=form["psp_token"],
            purchase_info=form["purchase_info"],
            carried_by_caller=bool(wait),
            cause=self.cause,
            now=now,
        )
        purchase = accepted.purchase
        if accepted.begins and wait:
            purchase = submit_within(purchase, accepted.call, patience=wait, now=now)
        return Response(self._answer(purchase), status=self._status(purchase))

    def _told(self, checkout_id: str) -> Response:
        purchase = Purchase.objects.select_related("session").get(
            session__shop=self.shop, session__checkout_id=checkout_id
        )
        return Response(self._answer(purchase), status=self._status(purchase))

    @staticmethod
    def _status(purchase: Purchase) -> int:
        return 202 if purchase.status == PurchaseStatus.STARTED else 200

    @staticmethod
    def _answer(purchase: Purchase) -> dict[str, Any]:
        session = purchase.session
        return {
            "checkout_id": session.checkout_id,
            "purchase": selectors.purchase_as_shown(purchase),
            "result_url": selectors.result_url(session),
            "redirect_url": session.return_url,
        }


class Cancel(ShopView):
    """Cancel a checkout on which nobody bought, or was declined for now."""

    @extend_schema(
        operation_id="cancel_session",
        parameters=[CHECKOUT_ID],
        request=forms.CancelRequest,
        responses={200: forms.SessionAnswer, 202: forms.SessionAnswer, **problems(404, 409)},
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Cancel at the PSP, then here. 202 while the PSP has not confirmed."""
        self.read(forms.CancelRequest)
        session = cancel_session(
            shop=self.shop, checkout_id=checkout_id, cause=self.cause, now=timezone.now()
        )
        confirmed = session.status == SessionStatus.CANCELLED
        return Response(shown(session), status=200 if confirmed else 202)


class Refresh(ShopView):
    """Ask the PSP now."""

    @extend_schema(
        operation_id="refresh_session",
        parameters=[CHECKOUT_ID],
        request=forms.CancelRequest,
        responses={200: forms.SessionAnswer, **problems(404)},
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Ask the PSP what became of the purchase, and return the session as it then stands."""
        self.read(forms.CancelRequest)
        session = self.session(checkout_id)
        purchase = selectors.purchase_of(session)
        if can_look_at_page(session):
            look_at_page(session, cause=self.cause, now=timezone.now())
        elif purchase is not None:
            purchase.session = session
            look_up(
                purchase,
                cause_kind=CauseKind.API_REQUEST,
                cause_id=self.cause.id,
                actor=self.cause.actor,
                now=timezone.now(),
            )
        return Response(shown(self.session(checkout_id)))


class Events(ShopView):
    """Read the timeline of one session."""

    @extend_schema(
        operation_id="list_events",
        parameters=[CHECKOUT_ID, CURSOR],
        responses={200: forms.EventPage, **problems(404)},
    )
    def get(self, request: Request, checkout_id: str) -> Response:
        """List what happened, oldest first."""
        session = self.session(checkout_id)
        rows, cursor = paging.page_of_events(
            session.events.all(), request.query_params.get("cursor", "")
        )
        return Response(
            {
                "results": [
                    {
                        "id": f"evt_{row.pk.hex}",
                        "position": row.position,
                        "at": row.created_at.isoformat(),
                        "name": row.name,
                        "cause": row.cause_kind,
                        "phase_before": row.phase_before,
                        "phase_after": row.phase_after,
                        "data": row.data,
                    }
                    for row in rows
                ],
                "next_cursor": cursor,
            }
        )
