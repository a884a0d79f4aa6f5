"""One account's way to PayPal: every call bears an access token."""

from __future__ import annotations

from http import HTTPStatus

from psp_clients.asking import Asking
from psp_clients.contract import PreparedCall
from psp_clients.http import Answer, Transport
from psp_clients.paypal.access import Access
from psp_clients.paypal.refusals import refusal


class Api(Asking):
    """Asks one account at PayPal. Threads may share it. Its repr shows no secret."""

    def __init__(self, transport: Transport, access: Access) -> None:
        super().__init__(transport, {}, refusal)
        self._access = access

    def answer_to(self, call: PreparedCall) -> Answer:
        """Send with an access token, and once more with a new one where PayPal refuses it.

        What goes out again is the same call: a refused token means that nothing happened, and
        should it not, the same key keeps it from happening twice.
        """
        token = self._access.token(call.operation)
        answer = self._send(call, _bearing(token))
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        return self._send(call, _bearing(self._access.renewed(token, call.operation)))


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
