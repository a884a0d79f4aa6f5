"""Every invariant: its sentence, how a live database shows that it is broken, and its guards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from payments.invariants import statements as sql
from payments.invariants import unfinished
from payments.invariants.card_numbers import rows_with_card_numbers
from payments.invariants.findings import Finding
from payments.invariants.histories import broken_histories
from payments.invariants.reading import Reader

Search = Callable[[Reader, Sequence[UUID]], list[Finding]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One sentence that must hold, and how it is checked.

    `about_sessions` are statements about some sessions at a time, `about_all` about all rows,
    `search` what SQL alone cannot tell; `guards` the database's own rules, which must be in
    force. One with none of these is `proved_in` the places named.
    """

    id: str
    sentence: str
    how: str
    about_sessions: tuple[str, ...] = ()
    about_all: tuple[str, ...] = ()
    search: Search | None = None
    sampled: bool = False  # `search` reads the newest of the sessions only
    guards: tuple[str, ...] = ()
    proved_in: tuple[str, ...] = ()

    @property
    def is_visible(self) -> bool:
        """Whether the database can show it."""
        return not self.proved_in


INVARIANTS: Final[tuple[Invariant, ...]] = (
    Invariant(
        "I1",
        "A checkout, and an order, is charged at most once unless what is surplus is refunded.",
        "One purchase per session; one success that is not surplus per order.",
        about_sessions=(sql.SEVERAL_PURCHASES_OF_A_SESSION, sql.SEVERAL_SUCCESSES_OF_AN_ORDER),
        guards=(
            "purchase.session",
            "purchase.one_successful_purchase_per_order",
            "purchase.one_started_purchase_per_order",
            "paymentsession.one_session_per_checkout",
        ),
    ),
    Invariant(
        "I2",
        "Successful here means charged there: same amount, same currency.",
        "A success has captured its amount; with manual capture, some of it.",
        about_sessions=(sql.SUCCESS_WITH_OTHER_MONEY,),
        guards=("purchase.captured_purchase_has_money", "purchase.captured_within_amount"),
    ),
    Invariant(
        "I3",
        "A charge there is successful here, or refunded, within a minute once faults stop.",
        "What the PSP holds is not in our database.",
        proved_in=(
            "tests/scenarios/test_the_answer_was_lost.py",
            "tests/scenarios/test_webhooks_misbehave.py",
            "config/demo/check/journeys.py",
        ),
    ),
    Invariant(
        "I4",
        "Success is undone by nothing but refunds.",
        "No event leads away from captured.",
        about_sessions=(sql.SUCCESS_UNDONE,),
        guards=("purchase.legal_phase", "purchase.only_refunds_give_back"),
    ),
    Invariant(
        "I5",
        "Every accepted Buy Now ends, and so does all other work.",
        "Whatever is unfinished is due or before a person; nothing has been due for more than ten "
        "minutes without anybody at it.",
        about_all=(
            unfinished.PURCHASE_FORGOTTEN,
            unfinished.SESSION_FORGOTTEN,
            unfinished.REFUND_FORGOTTEN,
            unfinished.INSTRUCTION_FORGOTTEN,
            unfinished.RECEIPT_FORGOTTEN,
            unfinished.NOTIFICATION_FORGOTTEN,
            unfinished.overdue("payments_purchase", "purchase", "session_id"),
            unfinished.overdue("payments_paymentsession", "session", "id"),
            unfinished.overdue("payments_refund", "refund", "session_id"),
            unfinished.overdue("payments_instruction", "instruction", "session_id"),
            unfinished.overdue("payments_webhookreceipt", "webhook", "session_id"),
            unfinished.overdue("payments_shopnotification", "notification", "session_id"),
        ),
        guards=("purchase.session_follows",),
    ),
    Invariant(
        "I6",
        "A webhook that was answered with success is stored.",
        "What was not stored leaves no row.",
        proved_in=(
            "tests/webhooks/test_when_the_database_is_away.py",
            "tests/scenarios/test_the_process_dies.py",
        ),
    ),
    Invariant(
        "I7",
        "One fact has one effect, whatever its event ids and however often it is told.",
        "No event id of a PSP is stored twice; no purchase enters a phase twice.",
        about_sessions=(sql.SAME_WEBHOOK_TWICE, sql.SAME_EFFECT_TWICE),
        guards=(
            "webhookreceipt.one_receipt_per_event",
            "webhookreceipt.one_receipt_per_unsigned_payment",
        ),
    ),
    Invariant(
        "I8",
        "Amount, currency, checkout id and token never change.",
        "A purchase's amount, currency, order and shop are its session's.",
        about_sessions=(sql.BOUGHT_OTHER_THAN_REGISTERED,),
        guards=(
            "paymentsession.money_and_ids_stay",
            "paymentsession.token_stays_once_set",
            "purchase.money_and_ids_stay",
            "purchase.purchase_info_stays_once_given",
            "purchase.bought_is_what_was_registered",
            "refund.money_and_ids_stay",
        ),
    ),
    Invariant(
        "I9",
        "One key, one body: the same bytes each time.",
        "One confirm call per purchase at a time, stored before its outcome is, and none while the "
        "shopper is waited for; every key names one call; how often it was sent agrees with when.",
        about_sessions=(
            sql.SEVERAL_CONFIRM_CALLS,
            sql.NO_CONFIRM_CALL,
            sql.SENDS_DISAGREE,
            sql.SAME_KEY_TWICE,
        ),
        guards=(
            "pspcall.one_confirm_call_at_a_time",
            "pspcall.idempotency_key",
            "pspcall.same_key_same_bytes",
            "pspcall.never_deleted",
        ),
    ),
    Invariant(
        "I10",
        "Nothing is sent again after half the PSP's key window.",
        "First and last send of a call lie less than half the window of its PSP apart. Calls to "
        "PSPs that are no longer in use are not judged.",
        about_sessions=(sql.SENT_TOO_LATE,),
    ),
    Invariant(
        "I11",
        "A token belongs to one checkout.",
        "No two sessions bear the same token of a PSP.",
        about_sessions=(sql.SAME_PSP_NAME_TWICE,),
        guards=("paymentsession.one_session_per_psp_token",),
    ),
    Invariant(
        "I12",
        "Refunds asked for and done are never more than was captured.",
        "Refunds that have not failed sum up to at most the captured amount, the successful ones "
        "to the refunded amount, all in the purchase's currency.",
        about_sessions=(sql.REFUNDS_DISAGREE,),
        guards=(
            "refund.refunds_within_captured",
            "purchase.refunded_within_captured",
            "refund.never_deleted",
        ),
    ),
    Invariant(
        "I13",
        "A surplus success is refunded, and is never the only one.",
        "A surplus success has a refund or an open case, and its order another success.",
        about_sessions=(sql.SURPLUS_KEPT, sql.ONLY_SURPLUS),
        guards=("purchase.surplus_is_settled_with_the_phase",),
    ),
    Invariant(
        "I14",
        "The browser's return decides nothing.",
        "Why something was decided is in the timeline; that nothing else could, is not.",
        proved_in=(
            "tests/api/test_result_page.py",
            "tests/hosted/test_the_shopper_comes_back.py",
            "tests/e2e/test_a_shopper_pays.py",
        ),
    ),
    Invariant(
        "I15",
        "Forged, stale and mismatched webhooks change nothing.",
        "No event is caused by a rejected webhook, and none is tied to a session.",
        about_sessions=(sql.REJECTED_WEBHOOK_ACTED, sql.REJECTED_WEBHOOK_BELIEVED),
        guards=("webhookreceipt.receipt_names_an_event_or_a_payment",),
    ),
    Invariant(
        "I16",
        "Replaying a session's events gives its row.",
        "Every event's hash is that of its content and of the event before; status, PSP, phase, "
        "captured amount and presses are what the events lead to.",
        search=broken_histories,
        guards=(
            "event.append_only",
            "event.link_the_chain",
            "event.one_event_per_position",
            "paymentsession.legal_session_status",
            "purchase.never_deleted",
            "paymentsession.never_deleted",
        ),
    ),
    Invariant(
        "I17",
        "No transaction is open during a network call.",
        "Asserted before every send, in production too.",
        proved_in=("payments/psp.py", "tests/scenarios/test_what_a_request_costs.py"),
    ),
    Invariant(
        "I18",
        "The shopper's page never says failed while success is possible.",
        "What a page said is not stored.",
        proved_in=("tests/api/test_result_page.py", "tests/api/test_result_words.py"),
    ),
    Invariant(
        "I19",
        "After reconciliation every difference is a recorded discrepancy.",
        "What the PSP's books hold is not in our database.",
        proved_in=("tests/scenarios/test_reconciliation_finds_what_was_lost.py",),
    ),
    Invariant(
        "I20",
        "An act of staff has a name, and a reason where one is asked for.",
        "Every event that staff caused names its actor; where it has a reason, that is not blank.",
        about_sessions=(sql.STAFF_UNNAMED,),
        guards=("event.append_only",),
    ),
    Invariant(
        "I21",
        "No card number is stored.",
        "Purchase info, events, calls and webhooks of the newest sessions looked at hold none.",
        search=rows_with_card_numbers,
        sampled=True,
    ),
)
BY_ID: Final[dict[str, Invariant]] = {invariant.id: invariant for invariant in INVARIANTS}
