"""What a client's tests have to tell the suite: one PSP's own words, objects and answers.

The defaults fit a PSP that charges on our call, can be asked about everything, and answers each
verb with the object that a look-up shows. Every PSP that differs says where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from psp_clients.contract import (
    ConfirmRequest,
    Money,
    PspClient,
    PspError,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    SessionRequest,
)
from psp_clients.http import Transport

from .servers import ReplayingPsp, Reply

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
REF = PspReference(psp_token="tok_1", reference="ref-1")
REFUND_REF = RefundReference(reference="rf-1", refund_reference="re_1")
KEY = "0192f0c0-0000-7000-8000-000000000001"
CONFIRMATION = ConfirmRequest(
    money=Money("19.99", "EUR"),
    purchase_info={"items": [{"name": "Tasse à café", "quantity": 1, "unit_amount": "19.99"}]},
    redirect_url="https://shop.example/thanks",
    webhook_url="https://bps.example/webhooks/",
)
REGISTRATION = SessionRequest(
    reference="ref-1",
    checkout_id="c-1001",
    money=Money("19.99", "EUR"),
    return_url="https://bps.example/return/",
    webhook_url="https://bps.example/webhooks/",
    expires_at=NOW + timedelta(hours=1),
    metadata={"order": "o-1"},
)

# Of listed currencies, and never an amount: not plain, not of their digits, nothing, or too much.
AMISS: tuple[Money, ...] = (
    *(
        Money(amount, "EUR")
        for amount in (
            *("19.9", "19.999", "19", "019.99", " 19.99", "19.99\n", "+19.99", "-19.99", "1e3"),
            *("19,99", "١٩.٩٩", "0.00", "1234567890123.00", ""),
        )
    ),
    Money("500.00", "JPY"),
)

CHANGES = ("register", "confirm", "capture", "cancel", "refund")
LOOK_UPS = ("fetch", "fetch_refund", "transactions")
VERBS = CHANGES + LOOK_UPS

JUNK = ("", " ", "é", "\udcff", "\0", "v1,", "v1,é", "v1,%%%", ",", "9" * 400)


class PspDialect:
    """What one PSP says. Each client's tests give one, and mix the suites in."""

    API_KEY: ClassVar[str]
    HIDDEN: ClassVar[Sequence[str]] = ()  # what else nothing may show: access tokens, passwords
    UNSUPPORTED: ClassVar[frozenset[str]] = frozenset()  # verbs that this PSP does not offer
    # Verbs that exist, but not for what callers would take the capability of that name to promise.
    UNPROMISED: ClassVar[frozenset[str]] = frozenset()
    PAYMENT_WORDS: ClassVar[Mapping[str, ReportedState]]
    REFUND_WORDS: ClassVar[Mapping[str, RefundState]]
    UNKNOWN_WORDS: ClassVar[Sequence[str]] = ("reviewing", "PAID", "paid ", "success")
    REFUSALS: ClassVar[Mapping[str, Sequence[tuple[Reply, type[PspError]]]]]  # by verb
    BAD_CREDENTIALS: ClassVar[Reply]  # what the PSP answers to a key that it does not know
    MISFITS: ClassVar[Sequence[Money]]  # listed currencies, amounts that their digits do not fit
    UNLISTED: ClassVar[Money]

    # One payment, one refund of it, and what they are made with.
    REF: ClassVar[PspReference] = REF
    REFUND_REF: ClassVar[RefundReference] = REFUND_REF
    REGISTRATION: ClassVar[SessionRequest] = REGISTRATION
    CONFIRMATION: ClassVar[ConfirmRequest] = CONFIRMATION
    PART: ClassVar[Money] = Money("5.00", "EUR")  # of the payment: captured, or given back
    OTHER_TOKEN: ClassVar[str] = "tok_2"  # of the same form, about nothing that the suite uses
    OTHER_REFERENCE: ClassVar[str] = "ref-2"

    # Verbs that are answered with the very object that a look-up shows.
    ANSWERED_LIKE_LOOK_UPS: ClassVar[Sequence[str]] = ("confirm", "capture", "cancel")

    # Webhooks
    SECRETS: ClassVar[Sequence[str]] = ()  # every one is accepted; none where nothing is signed
    FOREIGN_SECRET: ClassVar[str] = ""
    WEBHOOK_NAMES: ClassVar[Sequence[str]] = ("psp_token", "reference")  # how REF is named there

    def build(self, transport: Transport, now: Callable[[], datetime]) -> PspClient:
        """Make a client with API_KEY and SECRETS."""
        raise NotImplementedError

    def server(self) -> ReplayingPsp:
        """Start the PSP that replays answers.

        One that has to be logged in to answers that aside: only other requests are noted.
        """
        return ReplayingPsp()

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        """Make the PSP's object for the payment REF, in the state that `word` names."""
        raise NotImplementedError

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        """Make the PSP's object for the refund REFUND_REF, of PART of the payment REF."""
        raise NotImplementedError

    def answer_to(self, verb: str, word: str) -> Reply:
        """Make what the PSP answers to `verb` where the state is then what `word` names."""
        about_refund = verb in {"refund", "fetch_refund"}
        return Reply(200, self.refund(word) if about_refund else self.session(word))

    def words_in_answer_to(self, verb: str) -> Mapping[str, ReportedState]:
        """Return the words that the answer to confirm, capture or cancel may bear."""
        assert verb in CHANGES
        return self.PAYMENT_WORDS

    def read_payment(self, client: PspClient, psp: ReplayingPsp, word: str) -> Report:
        """Have the PSP say `word` of REF by the road that it has: a look-up, else a webhook."""
        psp.will_answer(self.answer_to("fetch", word))
        return client.fetch(self.REF)

    def read_refund(self, client: PspClient, psp: ReplayingPsp, word: str) -> RefundReport:
        """Have the PSP say `word` of REFUND_REF by the road that it has."""
        psp.will_answer(self.answer_to("fetch_refund", word))
        return client.fetch_refund(self.REF, self.REFUND_REF)

    def noting(self, notes: Mapping[str, str]) -> Mapping[str, Any]:
        """Make an object of the payment REF that bears `notes` somewhere."""
        return self.session(metadata=dict(notes))

    def read_noting(
        self, client: PspClient, psp: ReplayingPsp, notes: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Have the PSP give `noting(notes)`, and return the evidence that the client keeps."""
        psp.will_answer(Reply(200, self.noting(notes)))
        return client.fetch(self.REF).evidence

    def error(self, words: str) -> dict[str, Any]:
        """Make the PSP's error object that says `words` wherever it can say something."""
        return {"error": {"code": words, "message": words, "field": words}}

    def other_refs(self) -> Sequence[PspReference]:
        """Name payments that an answer about REF is not about."""
        return (
            replace(self.REF, psp_token=self.OTHER_TOKEN),
            replace(self.REF, reference=self.OTHER_REFERENCE),
        )

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        """Make a webhook about REF, signed by each of `secrets`: headers and body."""
        raise NotImplementedError

    def forgeries(
        self, headers: Mapping[str, str], body: bytes
    ) -> Iterable[tuple[Mapping[str, str], bytes]]:
        """Return changes of a genuine webhook that must each be rejected.

        By default the whole body and every header is signed.
        """
        token, other = self.REF.psp_token.encode(), self.OTHER_TOKEN.encode()
        assert token in body
        for changed in (b"", body + b" ", body.replace(token, other), b"\xff" + body):
            yield headers, changed
        for name in headers:
            yield {key: value for key, value in headers.items() if key != name}, body
            for junk in JUNK:
                yield {**headers, name: junk}, body

    def proves(
        self,
        given: tuple[Mapping[str, str], bytes],
        genuine: tuple[Mapping[str, str], bytes],
    ) -> bool:
        """Tell whether `given` still bears the proof of `genuine`. By default each byte counts."""
        return given == genuine
