"""Sessions: register, look up, purchase, capture, cancel."""

from django.http import HttpRequest, HttpResponse

from sandbox.psp import purchases, sessions
from sandbox.psp.answers import Answer, json_response
from sandbox.psp.api.edge import ApiView
from sandbox.psp.errors import invalid_request
from sandbox.psp.fields import Fields
from sandbox.psp.models import Session


class Sessions(ApiView):
    """`/v1/sessions`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Find a session by the merchant's reference."""
        reference = request.GET.get("reference")
        if not reference:
            raise invalid_request("Is needed to find sessions.", field="reference")
        found = Session.objects.filter(reference=reference)
        known = [session for session in found if not sessions.is_hidden(session, self.now)]
        shown = [sessions.looked_up(session, self.now) for session in known]
        return json_response(200, {"data": shown})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Register a session."""
        return self.once(
            lambda _attempt: sessions.register(Fields.parse(request.body), now=self.now)
        )


class OneSession(ApiView):
    """`/v1/sessions/{token}`."""

    def get(self, _request: HttpRequest, token: str) -> HttpResponse:
        """Find a session by its token."""
        session = sessions.visible(token, self.now)
        return json_response(200, sessions.looked_up(session, self.now))


class Purchase(ApiView):
    """`/v1/sessions/{token}/purchase`."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Charge by token, once."""
        purchases.count_request(token, self.now)
        purchases.wait_in_queue(token, self.conditions)
        self.now = self.conditions.now()
        return self.once(
            lambda attempt: purchases.purchase(
                purchases.Request(
                    token, Fields.parse(request.body), attempt, self.conditions, self.now
                )
            )
        )


class Capture(ApiView):
    """`/v1/sessions/{token}/capture`."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Take what was reserved."""
        return self.once(
            lambda attempt: sessions.capture(
                token,
                Fields.parse(request.body),
                attempt=attempt,
                conditions=self.conditions,
                now=self.now,
            )
        )


class Cancel(ApiView):
    """`/v1/sessions/{token}/cancel`."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """End the session before a charge."""

        def act(_attempt: int) -> Answer:
            Fields.parse(request.body)
            return sessions.cancel(token, now=self.now)

        return self.once(act)
