"""Named places at which a process can be made to die, so that proofs can kill it just there.

BPS_CRASH_AT=<point>:<n> kills the process with SIGKILL at its n-th passing. The settings refuse
the variable unless DEBUG is on.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from enum import StrEnum

from django.conf import settings


class CrashPoint(StrEnum):
    """Where an ill-timed death has the most to lose."""

    AFTER_INTENT_COMMIT = "after_intent_commit"
    BEFORE_SEND = "before_send"
    AFTER_SEND = "after_send"
    AFTER_ANSWER = "after_answer"
    BEFORE_RECORD_COMMIT = "before_record_commit"
    AFTER_RECORD_COMMIT = "after_record_commit"
    AFTER_RECEIPT_COMMIT = "after_receipt_commit"
    BEFORE_RECEIPT_APPLIED = "before_receipt_applied"
    AFTER_RECEIPT_APPLIED = "after_receipt_applied"
    BEFORE_NOTIFICATION = "before_notification"
    AFTER_NOTIFICATION_SENT = "after_notification_sent"
    AFTER_CLAIM = "after_claim"
    BEFORE_BATCH_COMMIT = "before_batch_commit"


_passed: Counter[str] = Counter()


def passing(point: CrashPoint) -> None:
    """Die here, at once and without clean-up, if the settings say so."""
    if not settings.BPS_CRASH_AT:
        return
    name, _, passage = settings.BPS_CRASH_AT.partition(":")
    _passed[point] += 1
    if name == point and _passed[point] == int(passage or 1):
        os.kill(os.getpid(), signal.SIGKILL)
