"""The door for PSPs: verify, store, answer. Nothing is worked on while the PSP waits."""

from __future__ import annotations

from typing import Final

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.psp import psp_client
from payments.services.receipts import store_receipt
from psp_clients.contract import WebhookRejected, WebhookUnverifiable

LARGEST_BODY_BYTES: Final = 256 * 1024


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, psp: str) -> HttpResponse:
    """Take a PSP's webhook.

    2xx says that it is stored, or that it is unsigned and about nothing of ours. 401: not proved to
    come from the PSP, now; stored as evidence. 404: no such PSP here. 413: too large. 503: could
    not be verified or not be stored, send it again.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY_BYTES:
        return _plain("The body is larger than a webhook can be.", 413)
    try:
        store_receipt(psp, request.headers, request.body, now=timezone.now())
    except LookupError:
        return _plain("No such PSP is in use here.", 404)
    except WebhookRejected as rejected:
        return _plain(f"Not accepted: {rejected}", 401)
    except WebhookUnverifiable:
        return _plain("Cannot be verified now. Send it again.", 503)
    except (DatabaseError, InterfaceError):
        return _plain("Not stored. Send it again.", 503)
    wanted = psp_client(psp).webhook_response()
    return HttpResponse(wanted.body, status=wanted.status, content_type=wanted.content_type)


def _plain(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
