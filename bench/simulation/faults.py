"""The faults that are injected: their names, and how they are drawn."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One kind of mishap. Each is counted when it happens, not when it is planned."""

    DEATH = "a process dies between two steps"
    PAUSE = "a process is paused past its lease"
    COMMIT_REFUSED = "the database refuses a transaction"
    COMMIT_IN_DOUBT = "the database commits and says that it did not"
    HINT_LOST = "the broker loses a hint"
    NOT_SENT = "no connection to the PSP"
    REQUEST_LOST = "a request is lost"
    REQUEST_DELAYED = "a request arrives long after its sender gave up"
    REQUEST_TWICE = "a request arrives twice"
    ANSWER_LOST = "the PSP acts and its answer is lost"
    ERROR_BEFORE = "the PSP answers 5xx and has not acted"
    ERROR_AFTER = "the PSP answers 5xx and has acted"
    REFUSED_FOR_NOW = "the PSP refuses for now"
    REFUSED_WRONGLY = "the PSP refuses a good request as invalid"
    NOT_FOUND = "the PSP answers 404 for what it has"
    WRONG_SUM = "the PSP reports another amount or currency"
    SLOW_ANSWER = "the PSP answers slowly"
    OUTAGE = "the PSP is away"
    LONG_OUTAGE = "the PSP is away for longer than its key window"
    KEYS_FORGOTTEN = "the PSP forgets its keys"
    ISSUER_HOURS = "the issuer answers after hours"
    LATE_SUCCESS = "the PSP charges after it had reported a failure"
    CHARGED_ANOTHER_SUM = "the PSP charges another amount"
    WEBHOOK_LOST = "a webhook is lost"
    WEBHOOK_TWICE = "a webhook comes twice"
    WEBHOOK_LATE = "a webhook comes late, after later ones"
    WEBHOOK_EARLY = "a webhook overtakes the answer"
    PRESSED_AGAIN = "the shopper presses Buy Now again"
    PRESSED_AT_ONCE = "the shopper presses Buy Now twice at once"
    OTHER_TAB = "another checkout of the order is bought at the same time"
    REGISTERED_AT_ONCE = "the shop registers a checkout twice at once"
    CANCEL_RACE = "the shop cancels while the shopper buys"
    EXPIRY_RACE = "the shopper buys as the session expires"
    REFUND_RACE = "the shop asks for two refunds at once"
    RESERVED_LATE = "the PSP reserves after it had reported a failure"
    LAPSED = "a reservation lapses"
    CAPTURED_ANOTHER_SUM = "the PSP captures less than it was asked to"
    CAPTURED_TWICE = "the shop captures twice at once"
    CAPTURE_AND_VOID = "the shop captures and voids at once"
    CAPTURE_TOO_LARGE = "the shop captures more than is reserved"
    CAPTURE_AND_REFUND = "the shop asks for a refund while it captures"
    CAPTURE_AND_CANCEL = "the shop cancels the checkout while it captures"
    LAPSE_RACE = "the shop captures as the reservation lapses"
    REFUND_FAILS_LATER = "a refund fails after it was accepted"


# Between two steps of a process: the chance of each, in the order of drawing.
DEATH_CHANCE = 0.022
PAUSE_CHANCE = 0.018
COMMIT_REFUSED_CHANCE = 0.010
COMMIT_IN_DOUBT_CHANCE = 0.010
HINT_LOST_CHANCE = 0.06
