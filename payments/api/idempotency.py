"""The Idempotency-Key of money requests (IETF draft-ietf-httpapi-idempotency-key-header).

Only answers that changed something (2xx) are kept and replayed. A refusal changed nothing, and a
5xx must never be frozen: both free the key, and the work itself resumes by its natural keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from payments.api.preferences import patience
from payments.api.problems import UNKNOWN, Problem, ProblemRaised
from payments.models import IdempotencyRecord, Shop
from payments.services.inserts import insert_statement

HEADER: Final = "Idempotency-Key"
LONGEST_KEY: Final = 255
# How much longer than it may wait for the PSP a request is taken to be still running. Overtaking
# one that is only slow does no harm: the work has natural keys of its own.
LOCKED_BEYOND_PATIENCE: Final = timedelta(seconds=5)

# The unique (shop, key) is the lock. A record whose request died unanswered is taken over.
CLAIM: Final = """
    ON CONFLICT (shop_id, key) DO UPDATE SET locked_until = EXCLUDED.locked_until
     WHERE payments_idempotencyrecord.answer_status IS NULL
       AND payments_idempotencyrecord.locked_until < EXCLUDED.created_at
       AND payments_idempotencyrecord.method = EXCLUDED.method
       AND payments_idempotencyrecord.path = EXCLUDED.path
       AND payments_idempotencyrecord.body_hash = EXCLUDED.body_hash
    RETURNING id
"""


def answer_once(request: Request, shop: Shop, make_answer: Callable[[], Response]) -> Response:
    """Return the answer to a request, made now or kept from the first time.

    Raises ProblemRaised for a missing, malformed, busy or reused key.
    """
    record = _record(request, shop, timezone.now())
    if not _claim(record):
        return _replay(record)
    try:
        response = make_answer()
    except BaseException:
        _free(record)
        raise
    IdempotencyRecord.objects.filter(pk=record.pk).update(
        answer_status=response.status_code, answer_body=response.data
    )
    return response


def _record(request: Request, shop: Shop, now: datetime) -> IdempotencyRecord:
    key = request.headers.get(HEADER, "")
    if not key:
        raise ProblemRaised(_wrong_key(400, "idempotency-key-missing", "is required"))
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        reason = f"must be 1 to {LONGEST_KEY} printable ASCII characters"
        raise ProblemRaised(_wrong_key(400, "idempotency-key-invalid", reason))
    return IdempotencyRecord(
        shop=shop,
        key=key,
        method=request.method or "",
        path=request.path,
        body_hash=hashlib.sha256(request.body).hexdigest(),
        locked_until=now + patience(request.headers.get("Prefer", "")) + LOCKED_BEYOND_PATIENCE,
    )


def _claim(record: IdempotencyRecord) -> bool:
    statement, parameters = insert_statement(record)
    with connection.cursor() as cursor:
        cursor.execute(statement + CLAIM, parameters)
        claimed = cursor.fetchone()
    if claimed is not None:
        record.pk = claimed[0]
    return claimed is not None


def _replay(ours: IdempotencyRecord) -> Response:
    kept = IdempotencyRecord.objects.filter(shop=ours.shop, key=ours.key).first()
    if kept is None or (kept.answer_status is None and _same_request(kept, ours)):
        raise ProblemRaised(_busy())
    if not _same_request(kept, ours):
        raise ProblemRaised(_wrong_key(422, "idempotency-key-reused", "belongs to another request"))
    return Response(
        kept.answer_body, status=kept.answer_status, headers={"Idempotent-Replayed": "true"}
    )


def _same_request(kept: IdempotencyRecord, ours: IdempotencyRecord) -> bool:
    return (kept.method, kept.path, kept.body_hash) == (ours.method, ours.path, ours.body_hash)


def _free(record: IdempotencyRecord) -> None:
    """Free the key. Where the database is away, the lock's end frees it."""
    with suppress(DatabaseError, InterfaceError):  # the first error is the one to report
        IdempotencyRecord.objects.filter(pk=record.pk, answer_status__isnull=True).delete()


def _wrong_key(status: int, slug: str, reason: str) -> Problem:
    return Problem(
        slug,
        status,
        f"The {HEADER} header {reason}",
        "Send one key per purchase or refund, and the same key with the same request again.",
        errors=({"field": HEADER, "reason": reason},),
    )


def _busy() -> Problem:
    return Problem(
        "request-in-progress",
        409,
        "The first request with this key is still running",
        "Send the same request again after the time in Retry-After.",
        money_moved=UNKNOWN,
        errors=({"field": HEADER, "reason": "its first request is still running"},),
        headers={"Retry-After": "1"},
    )
