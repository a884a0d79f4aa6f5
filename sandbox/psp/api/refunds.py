"""Refunds: make one, look one up."""

from django.http import HttpRequest, HttpResponse

from sandbox.psp import refunds
from sandbox.psp.answers import json_response
from sandbox.psp.api.edge import ApiView
from sandbox.psp.fields import Fields
from sandbox.psp.wire import refund_json


class Refunds(ApiView):
    """`/v1/sessions/{token}/refunds`."""

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:
        """List the refunds of a session, oldest first."""
        made = refunds.of_session(token, self.now)
        return json_response(200, {"data": [refund_json(refund) for refund in made]})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Give back part or all of what was captured."""
        return self.once(
            lambda attempt: refunds.refund(
                token, Fields.parse(request.body), attempt=attempt, now=self.now
            )
        )


class OneRefund(ApiView):
    """`/v1/refunds/{id}`."""

    def get(self, _request: HttpRequest, refund_id: str) -> HttpResponse:
        """Find a refund by its id."""
        return json_response(200, refund_json(refunds.find(refund_id)))
