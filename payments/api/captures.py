"""The API of what is reserved: take it, or let it go. Services decide whether and when."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payments import selectors
from payments.api import serializers as forms
from payments.api.amounts import sent_amount
from payments.api.idempotency import HEADER, answer_once
from payments.api.views import CHECKOUT_ID, IDEMPOTENCY_KEY, ShopView, problems
from payments.models import Instruction, Purchase
from payments.services.refusals import NothingReserved
from payments.services.request_capture import request_capture
from payments.services.request_void import request_void


class Captures(ShopView):
    """Take what is reserved, and list what was asked for."""

    @extend_schema(
        operation_id="capture",
        parameters=[CHECKOUT_ID, IDEMPOTENCY_KEY],
        request=forms.CaptureRequest,
        responses={
            200: forms.InstructionAnswer,
            202: forms.InstructionAnswer,
            **problems(400, 404, 409, 422, 503),
        },
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Take all that is reserved or a part of it, once; the rest is let go.

        202: it is on its way; a webhook tells the end.
        """
        return answer_once(
            request, self.shop, lambda: self._capture(checkout_id), lambda: self._told(checkout_id)
        )

    def _capture(self, checkout_id: str) -> Response:
        form = self.read(forms.CaptureRequest)
        session = self.session(checkout_id)
        amount = sent_amount(form, session.currency)
        instruction = request_capture(
            purchase_id=_bought(selectors.purchase_of(session)).pk,
            amount=amount,
            reason=form["reason"],
            request_key=self.request.headers[HEADER],
            cause=self.cause,
            now=timezone.now(),
        )
        return _answer(instruction)

    def _told(self, checkout_id: str) -> Response:
        return _answer(
            Instruction.objects.get(
                session__shop=self.shop,
                session__checkout_id=checkout_id,
                request_key=self.request.headers[HEADER],
            )
        )

    @extend_schema(
        operation_id="list_captures",
        parameters=[CHECKOUT_ID],
        responses={200: forms.CaptureList, **problems(404)},
    )
    def get(self, request: Request, checkout_id: str) -> Response:
        """List what was asked to be captured of a checkout, oldest first."""
        purchase = selectors.purchase_of(self.session(checkout_id))
        captures = selectors.captures_of(purchase) if purchase else ()
        return Response({"results": [selectors.instruction_as_shown(one) for one in captures]})


class Void(ShopView):
    """Let go what is reserved."""

    @extend_schema(
        operation_id="void",
        parameters=[CHECKOUT_ID],
        request=forms.VoidRequest,
        responses={
            200: forms.InstructionAnswer,
            202: forms.InstructionAnswer,
            **problems(404, 409, 422),
        },
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Cancel an authorised purchase, so that nothing of it is ever taken. Repeatable."""
        form = self.read(forms.VoidRequest)
        purchase = _bought(selectors.purchase_of(self.session(checkout_id)))
        return _answer(
            request_void(
                purchase_id=purchase.pk,
                reason=form["reason"],
                cause=self.cause,
                now=timezone.now(),
            )
        )


def _bought(purchase: Purchase | None) -> Purchase:
    if purchase is None:
        raise NothingReserved
    return purchase


def _answer(instruction: Instruction) -> Response:
    status = 202 if instruction.is_pending else 200
    return Response(selectors.instruction_as_shown(instruction), status=status)
