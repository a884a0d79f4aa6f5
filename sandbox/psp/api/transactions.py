"""The list of what was done."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from sandbox.psp import transactions
from sandbox.psp.answers import json_response
from sandbox.psp.api.edge import ApiView
from sandbox.psp.fields import parse_instant


class Transactions(ApiView):
    """`/v1/transactions`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """List charges and refunds, oldest first."""
        cursor = request.GET.get("cursor")
        span = transactions.Span(
            since=_instant(request, "since"),
            until=_instant(request, "until"),
            behind=transactions.Place.parse(cursor) if cursor else None,
        )
        return json_response(200, transactions.page(span))


def _instant(request: HttpRequest, name: str) -> datetime | None:
    value = request.GET.get(name)
    return parse_instant(value, field=name) if value else None
