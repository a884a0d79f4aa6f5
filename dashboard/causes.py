"""What each line of a timeline happened because of, and where that can be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from dashboard.event_words import title_of
from payments.history import TimelineEntry
from payments.models import CauseKind, Event, NotificationTry, PspCall
from psp_clients.contract import Operation

# The events with which a call is stored that changes something at a PSP.
_STORED_WITH: Final[dict[str, tuple[str, ...]]] = {
    Operation.REGISTER: ("session.created", "session.rerouted"),
    Operation.CONFIRM: ("purchase.started",),
    Operation.CAPTURE: ("capture.started",),
    Operation.CANCEL: ("void.started", "session.cancel_requested"),
    Operation.REFUND: ("refund.started",),
}

# What staff learned by asking the PSP: the cause is the look-up, which may be too old to be shown.
_LOOKED_UP: Final = ("purchase.", "report.")


@dataclass(frozen=True, slots=True)
class Because:
    """A cause in words, and the address of what tells of it, if there is one."""

    words: str = ""
    url: str = ""


class Causes:
    """The causes of all lines of one page."""

    def __init__(self, entries: Iterable[TimelineEntry]) -> None:
        rows = [entry.row for entry in entries]
        self._on_page = {str(row.pk) for row in rows}
        self._events = [row for row in rows if isinstance(row, Event)]

    def of_event(self, event: Event) -> Because:
        """Return what an event names as its cause."""
        return Because(event.get_cause_kind_display(), self._url_of_cause(event))

    def of_call(self, call: PspCall) -> Because:
        """Return the event that a call was stored with; of look-ups and fences nothing is known."""
        return self._because(
            event
            for event in self._events
            if event.name in _STORED_WITH.get(call.operation, ())
            and event.purchase_id == call.purchase_id
            and event.data.get("psp", call.psp) == call.psp
            and _subject(event) in ("", _subject_of_call(call))
        )

    def of_try(self, tried: NotificationTry) -> Because:
        """Return the event that the shop is told of: the last before the notification was stored.

        Both are stored in one transaction, and all events of a session one after another.
        """
        stored_at = tried.notification.created_at
        return self._because(event for event in self._events if event.created_at <= stored_at)

    def _because(self, fitting: Iterable[Event]) -> Because:
        last = next(reversed(list(fitting)), None)
        return Because(title_of(last), f"#{last.pk}") if last else Because()

    def _url_of_cause(self, event: Event) -> str:
        if event.cause_id in self._on_page:
            return f"#{event.cause_id}"
        if not event.cause_id:
            return ""
        if event.cause_kind == CauseKind.RECONCILIATION:
            return reverse("mid-office:reconciliation", args=[event.cause_id])
        if event.cause_kind == CauseKind.STAFF and not event.name.startswith(_LOOKED_UP):
            page = "discrepancy" if event.name == "discrepancy.resolved" else "approval"
            return reverse(f"mid-office:{page}", args=[event.cause_id])
        return ""


def _subject(event: Event) -> str:
    """Return the id of the refund or instruction that an event is about, if it is about one."""
    public_id = str(event.data.get("refund") or event.data.get("instruction") or "")
    return public_id.rpartition("_")[2]


def _subject_of_call(call: PspCall) -> str:
    subject = call.refund_id or call.instruction_id
    return subject.hex if subject else ""
