"""Webhooks that are false, or odd, by how they are sent."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bench.forgeries import other_secret, replayed
from bench.raw_http import RawRequest
from bench.webhook_material import SIGNATURE, Material, signed, with_header


def replayed_oddly(rng: Random, material: Material) -> RawRequest:
    """Send a genuine one again under a content type that promises something else."""
    types = ("text/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "é")
    return with_header(replayed(rng, material), "Content-Type", rng.choice(types))


def headers_twice(rng: Random, material: Material) -> RawRequest:
    """Send a header of a genuine one twice: the same, or a forged one before or behind it."""
    request = replayed(rng, material)
    forged = dict(other_secret(rng, material).headers)
    name = rng.choice(("webhook-id", "webhook-timestamp", SIGNATURE))
    value = rng.choice((dict(request.headers)[name], forged[name]))
    twice = [*request.headers, (name, value)]
    rng.shuffle(twice)
    return replace(request, headers=tuple(twice))


def length_twice(rng: Random, material: Material) -> RawRequest:
    """Forge: name two lengths, or a length that is none."""
    request = other_secret(rng, material)
    length = rng.choice((str(len(request.body) + 1), "-1", "1e3", "abc", "+5"))
    return replace(request, headers=(*request.headers, ("Content-Length", length)))


def unknown_psp(rng: Random, material: Material) -> RawRequest:
    """Knock where no PSP is expected."""
    paths = (
        "stripe",
        "Sandbox",
        "sandbox2",
        "sandbox%00",
        "%e9",
        "..%2fsandbox",
        "sandbox/x",
        "x" * 900,
    )
    return replace(replayed(rng, material), path=f"/webhooks/{rng.choice(paths)}/")


def without_a_slash(rng: Random, material: Material) -> RawRequest:
    """Knock at the address without its last slash."""
    return replace(other_secret(rng, material), path="/webhooks/sandbox")


def other_method(rng: Random, material: Material) -> RawRequest:
    """Send a genuine one by another method."""
    methods = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "POSTS")
    return replace(replayed(rng, material), method=rng.choice(methods))


def odd_encoding(rng: Random, material: Material) -> RawRequest:
    """Write a genuine body in another encoding, compressed or not."""
    one = rng.choice(material.genuine)
    encoding = rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7", "cp037"))
    body = one.body.decode().encode(encoding)
    if body == one.body:
        body += b"\x80"
    request = signed(one.event_id, body, material.secret, signed_body=one.body)
    said = rng.choice(("gzip", "br", "identity", "\xff"))
    return with_header(request, "Content-Encoding", said)


def odd_headers(rng: Random, material: Material) -> RawRequest:
    """Forge: with headers that somebody might believe, log or echo."""
    odd = rng.choice(
        (
            ("X-Request-ID", "\xe9" * 200),
            ("X-Request-ID", "\x01"),
            ("X-Correlation-ID", "x" * 4000),
            ("Cookie", "session=\xff; csrf=;;;="),
            ("Authorization", "Api-Key \x00"),
            ("Host", "evil.example:99999"),
            ("X-Forwarded-For", "256.1.1.1, ::::"),
            ("Expect", "100-continue"),
            ("Content-Type", "multipart/form-data"),
            ("Content-Type", "text/plain; charset=\xe9\xe9"),
            ("User-Agent", "\xff" * 8000),
            ("Webhook_Id", "evt_underscore"),
        )
    )
    return with_header(other_secret(rng, material), *odd)


def chunked(rng: Random, material: Material) -> RawRequest:
    """Forge: in chunks, without saying how many bytes there are."""
    return replace(other_secret(rng, material), framing="chunked")


def without_length(rng: Random, material: Material) -> RawRequest:
    """Take the headers of a genuine one, and send no body."""
    return replace(replayed(rng, material), framing="none")
