"""Sees to it that a request with an idempotency key is carried out once.

A key is claimed in a transaction of its own, so that a second request sees the first running;
what the request does and the answer it gets are committed together; then the key is released.
A killed process leaves its key running until the lease ends; the next try continues.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from sandbox.clocks import Now
from sandbox.psp.answers import Answer, drop_connection, json_response
from sandbox.psp.errors import Refused, invalid_request
from sandbox.psp.models import Conditions, IdempotencyKey

KEY = re.compile(r"[\x20-\x7e]{1,255}")
# Longer than any request takes: the slowest waits 8 s, or 10 s for each of two webhooks.
LEASE = timedelta(seconds=25)

Act = Callable[[int], Answer]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes two requests with one key the same request."""

    method: str
    path: str
    body_sha256: str


def answer_once(
    request: HttpRequest, act: Act, *, conditions: Conditions, now: Now
) -> HttpResponse:
    """Carry out `act` unless its request was, and answer it.

    `act` gets the number by which the books know this request; it runs in a transaction.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise invalid_request("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    record = _claim(key, _fingerprint(request), window=conditions.key_window, now=now)
    if record.status is not None:
        replayed = {"Idempotent-Replayed": "true"}
        return _response(record, extra_headers=replayed)
    try:
        answer = _carry_out(record, act)
        if answer.before_sending:
            answer.before_sending()
    finally:
        _release(record)
    return drop_connection(request) if answer.dropped else _to_http(answer)


def _fingerprint(request: HttpRequest) -> Fingerprint:
    digest = hashlib.sha256(request.body).hexdigest()
    return Fingerprint(request.method or "", request.get_full_path(), digest)


@transaction.atomic
def _claim(key: str, fingerprint: Fingerprint, *, window: timedelta, now: Now) -> IdempotencyKey:
    running = {"running_until_wall_at__gt": now.wall}
    forgotten = IdempotencyKey.objects.filter(key=key, created_at__lte=now.psp - window)
    forgotten.exclude(**running).delete()
    fresh = IdempotencyKey(
        key=key,
        method=fingerprint.method,
        path=fingerprint.path,
        body_sha256=fingerprint.body_sha256,
        created_at=now.psp,
    )
    IdempotencyKey.objects.bulk_create([fresh], ignore_conflicts=True)
    record = IdempotencyKey.objects.select_for_update().get(key=key)
    _refuse_mismatch(record, fingerprint)
    _refuse_while_running(record, now)
    if record.status is None:
        record.running_until_wall_at = now.wall + LEASE
        record.save(update_fields=["running_until_wall_at"])
    return record


def _refuse_mismatch(record: IdempotencyKey, fingerprint: Fingerprint) -> None:
    if Fingerprint(record.method, record.path, record.body_sha256) != fingerprint:
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency_mismatch",
            "This Idempotency-Key belongs to another request.",
        )


def _refuse_while_running(record: IdempotencyKey, now: Now) -> None:
    running_until = record.running_until_wall_at
    if running_until is not None and now.wall < running_until:
        raise Refused(
            HTTPStatus.CONFLICT,
            "idempotency_in_progress",
            "The first request with this Idempotency-Key still runs.",
            headers={"Retry-After": "1"},
        )


def _carry_out(record: IdempotencyKey, act: Act) -> Answer:
    try:
        with transaction.atomic():
            answer = act(record.pk)
            _remember(record, answer)
    except Refused as refusal:
        answer = Answer(refusal.status, refusal.body(), refusal.headers)
        _remember(record, answer)
    return answer


def _remember(record: IdempotencyKey, answer: Answer) -> None:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    response = _to_http(answer)
    IdempotencyKey.objects.filter(pk=record.pk).update(
        status=answer.status,
        headers=dict(answer.headers),
        body=response.content.decode(),
    )


def _release(record: IdempotencyKey) -> None:
    IdempotencyKey.objects.filter(pk=record.pk).update(running_until_wall_at=None)


def _to_http(answer: Answer) -> HttpResponse:
    return json_response(answer.status, answer.body, answer.headers)


def _response(record: IdempotencyKey, *, extra_headers: dict[str, Any]) -> HttpResponse:
    return HttpResponse(
        record.body,
        status=record.status,
        content_type="application/json",
        headers={**record.headers, **extra_headers},
    )
