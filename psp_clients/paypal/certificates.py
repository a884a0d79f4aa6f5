"""PayPal's signing certificates: which address one may come from, and whether to trust it.

Only our own PayPal is ever asked, by the transport that all calls take: of the address in a webhook
no more is used than the path, and that only if host and path are a certificate's.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Final

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from psp_clients.contract import Operation, PspError, WebhookRejected
from psp_clients.http import Transport
from psp_clients.settings import Mode

HOSTS: Final = {
    Mode.LIVE: frozenset({"api.paypal.com", "api-m.paypal.com"}),
    Mode.TEST: frozenset({"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}),
}
SUBJECTS: Final = {
    Mode.LIVE: "messageverificationcerts.paypal.com",
    Mode.TEST: "messageverificationcerts.sandbox.paypal.com",
}
LARGEST_BYTES: Final = 64 * 1024
# PayPal signs with one at a time; the oldest is forgotten first.
KEPT: Final = 8
# Afterwards it is fetched anew: what is served at an address may be mended.
KEPT_FOR: Final = timedelta(days=1)

_ADDRESS: Final = re.compile(
    r"https://([a-z.-]{1,64})(/v1/notifications/certs/CERT-[0-9A-Za-z-]{1,64})"
)


class Unjudged(Exception):
    """The certificate cannot be had, or is not one that we can trust: PayPal must be asked."""


@dataclass(frozen=True, slots=True)
class _Served:
    """What PayPal served at an address: a certificate, and perhaps those above it."""

    chain: list[x509.Certificate]
    fetched_at: datetime


@cache
def usual_roots() -> tuple[x509.Certificate, ...]:
    """Return the roots that our own TLS connections trust."""
    context = ssl.create_default_context(cafile=certifi.where())
    shown, encoded = context.get_ca_certs(), context.get_ca_certs(binary_form=True)
    # One or two old roots have serial numbers that RFC 5280 forbids, and cannot be read.
    return tuple(
        x509.load_der_x509_certificate(der)
        for one, der in zip(shown, encoded, strict=True)
        if int(str(one["serialNumber"]), 16) > 0
    )


class Certificates:
    """PayPal's certificates, fetched once a day, judged each time. Threads may share it."""

    def __init__(
        self,
        transport: Transport,
        mode: Mode,
        roots: Sequence[x509.Certificate] | None = None,
    ) -> None:
        """Without `roots` the usual ones are trusted."""
        self._transport = transport
        self._mode = mode
        self._roots = roots
        self._lock = threading.Lock()
        self._kept: dict[str, _Served] = {}

    def key_at(self, address: str, now: datetime) -> RSAPublicKey:
        """Return the key of the certificate at an address, if it may be trusted at that instant.

        Raises WebhookRejected where the address is not PayPal's, else Unjudged.
        """
        key = self._judged(self._chain_at(self._path_in(address), now), now).public_key()
        if not isinstance(key, RSAPublicKey):
            raise Unjudged
        return key

    def _path_in(self, address: str) -> str:
        match = _ADDRESS.fullmatch(address)
        if match is None or match[1] not in HOSTS[self._mode]:
            raise WebhookRejected("the certificate's address is not PayPal's")
        return match[2]

    def _chain_at(self, path: str, now: datetime) -> list[x509.Certificate]:
        with self._lock:
            kept = self._kept.get(path)
        if kept is None or now - kept.fetched_at >= KEPT_FOR:
            kept = _Served(self._fetched(path), now)
            self._keep(path, kept)
        return kept.chain

    def _fetched(self, path: str) -> list[x509.Certificate]:
        try:
            answer = self._transport.send(
                "GET", path, headers={}, body=b"", operation=Operation.FETCH
            )
            if answer.status != HTTPStatus.OK or len(answer.body) > LARGEST_BYTES:
                raise Unjudged
            return x509.load_pem_x509_certificates(answer.body)
        except (PspError, ValueError):
            raise Unjudged from None

    def _judged(self, chain: Sequence[x509.Certificate], now: datetime) -> x509.Certificate:
        """Return the first certificate if the others lead from it to a root that we trust.

        It must be valid now, for a server, and for the name that PayPal signs webhooks under.
        """
        first, *others = chain
        roots = usual_roots() if self._roots is None else self._roots
        verifier = (
            PolicyBuilder()
            .store(Store(list(roots)))
            .time(now.astimezone(UTC).replace(tzinfo=None))
            .build_server_verifier(x509.DNSName(SUBJECTS[self._mode]))
        )
        try:
            verifier.verify(first, others)
        except (VerificationError, UnsupportedAlgorithm, ValueError):
            raise Unjudged from None
        return first

    def _keep(self, path: str, served: _Served) -> None:
        with self._lock:
            self._kept.pop(path, None)
            self._kept[path] = served
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
