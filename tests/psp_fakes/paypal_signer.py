"""Signs webhooks as PayPal does, with a certificate of an authority of its own."""

from __future__ import annotations

import base64
import secrets
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WEBHOOK_ID = "4JH86294D6297924G"
SIGNER = "messageverificationcerts.sandbox.paypal.com"
API_HOST = "https://api-m.sandbox.paypal.com"


class Signer:
    """A certificate authority, and one certificate of it that signs webhooks.

    Keys take long to make: all have the same two but those that ask for their own.
    """

    def __init__(
        self,
        *,
        name: str = SIGNER,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
        own_keys: bool = False,
        shown: CertificatePublicKeyTypes | None = None,  # another key than signs
    ) -> None:
        start = valid_from or datetime.now(UTC) - timedelta(days=1)
        end = valid_until or start + timedelta(days=730)
        root_key, self._key = (_new_key(), _new_key()) if own_keys else _shared_keys()
        root_name, leaf_name = _name("Fake Root"), _name(name)
        self.root = (
            _certificate(root_name, root_name, root_key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(root_key, SHA256())
        )
        self.leaf = (
            _certificate(leaf_name, root_name, shown or self._key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
            .sign(root_key, SHA256())
        )
        self.path = f"/v1/notifications/certs/CERT-{secrets.token_hex(4)}-{secrets.token_hex(4)}"

    @property
    def pem(self) -> bytes:
        """The certificate as PayPal serves it."""
        return self.leaf.public_bytes(Encoding.PEM)

    def headers(
        self, body: bytes, *, at: datetime, webhook_id: str = WEBHOOK_ID, host: str = API_HOST
    ) -> dict[str, str]:
        """Return the headers of a delivery of `body`, signed."""
        transmission_id = f"{secrets.token_hex(4)}-fd74-11e4-8bf3-77339302725b"
        time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return {
            "PAYPAL-TRANSMISSION-ID": transmission_id,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": host + self.path,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }

    def has_signed(self, question: Mapping[str, Any], body: bytes) -> bool:
        """Tell what the verification API is asked."""
        words = (question["transmission_id"], question["transmission_time"], question["webhook_id"])
        signed = "|".join([*words, str(zlib.crc32(body))])
        signature = base64.b64decode(question["transmission_sig"])
        try:
            self._key.public_key().verify(signature, signed.encode(), padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _shared_keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return _new_key(), _new_key()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
