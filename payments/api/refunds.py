"""The API of refunds. What may be given back, and how it is carried, services decide."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from payments import selectors
from payments.api import serializers as forms
from payments.api.amounts import sent_amount
from payments.api.idempotency import HEADER, answer_once
from payments.api.views import CHECKOUT_ID, IDEMPOTENCY_KEY, ShopView, problems
from payments.domain.money import with_digits_of
from payments.models import Refund
from payments.services.refusals import NothingToRefund
from payments.services.request_refund import request_refund
from payments.services.stage_refund import left_to_refund


class Refunds(ShopView):
    """Give money back, and list what was given back."""

    @extend_schema(
        operation_id="refund",
        parameters=[CHECKOUT_ID, IDEMPOTENCY_KEY],
        request=forms.RefundRequest,
        responses={
            200: forms.RefundAnswer,
            202: forms.RefundAnswer,
            **problems(400, 404, 409, 422, 503),
        },
    )
    def post(self, request: Request, checkout_id: str) -> Response:
        """Give back a part or all that is left. 202: it is on its way; a webhook tells the end."""
        return answer_once(
            request, self.shop, lambda: self._refund(checkout_id), lambda: self._told(checkout_id)
        )

    def _refund(self, checkout_id: str) -> Response:
        form = self.read(forms.RefundRequest)
        session = self.session(checkout_id)
        purchase = selectors.purchase_of(session)
        amount = sent_amount(form, session.currency)
        if purchase is None:
            raise NothingToRefund
        refund = request_refund(
            purchase_id=purchase.pk,
            amount=amount,
            reason=form["reason"],
            request_key=self.request.headers[HEADER],
            cause=self.cause,
            now=timezone.now(),
        )
        return self._answer(refund)

    def _told(self, checkout_id: str) -> Response:
        return self._answer(
            Refund.objects.get(
                purchase__session__shop=self.shop,
                purchase__session__checkout_id=checkout_id,
                request_key=self.request.headers[HEADER],
            )
        )

    @staticmethod
    def _answer(refund: Refund) -> Response:
        status = 202 if refund.is_unfinished else 200
        return Response(selectors.refund_as_shown(refund), status=status)

    @extend_schema(
        operation_id="list_refunds",
        parameters=[CHECKOUT_ID],
        responses={200: forms.RefundList, **problems(404)},
    )
    def get(self, request: Request, checkout_id: str) -> Response:
        """List the refunds of a checkout, oldest first, with what may still be given back."""
        session = self.session(checkout_id)
        purchase = selectors.purchase_of(session)
        refunds = selectors.refunds_of(purchase) if purchase else ()
        left = left_to_refund(purchase) if purchase else Decimal(0)
        return Response(
            {
                "results": [selectors.refund_as_shown(refund) for refund in refunds],
                "refundable_amount": with_digits_of(session.amount, left),
                "currency": session.currency,
            }
        )
