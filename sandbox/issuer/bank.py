"""What the PSP may say to the issuer bank: ask, collect the answer, withdraw the question.

The bank never calls anyone: the PSP polls it. It moves no money and keeps no balance.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from sandbox.clocks import Clock, Now, Wait
from sandbox.issuer.models import Inquiry


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank decided. An empty `decline_code` approves."""

    decline_code: str

    @property
    def approves(self) -> bool:
        """Whether the amount may be taken."""
        return not self.decline_code


def ask(
    *, reference: str, amount_minor: int, currency: str, decline_code: str, wait: Wait, now: Now
) -> None:
    """Put a question, and settle what will be answered after `wait`."""
    Inquiry.objects.create(
        reference=reference,
        amount_minor=amount_minor,
        currency=currency,
        decline_code=decline_code,
        clock=wait.clock,
        answers_at=wait.end(now),
    )


def collect(*, reference: str, now: Now) -> Answer | None:
    """Return the answer, once, when its time has come; until then, and afterwards, None."""
    inquiry = _due(now).filter(reference=reference).first()
    if inquiry is None:
        return None
    inquiry.collected_at = now.psp
    inquiry.save(update_fields=["collected_at"])
    return Answer(decline_code=inquiry.decline_code)


def withdraw(*, reference: str, now: Now) -> None:
    """Take the question back: it will never be answered."""
    unanswered = Inquiry.objects.filter(reference=reference, collected_at=None)
    unanswered.update(withdrawn_at=now.psp)


def answered_references(now: Now) -> QuerySet[Inquiry, str]:
    """Name the questions whose answers wait to be collected."""
    return _due(now).values_list("reference", flat=True)


def _due(now: Now) -> QuerySet[Inquiry]:
    on_wall = Q(clock=Clock.WALL, answers_at__lte=now.wall)
    on_psp = Q(clock=Clock.PSP, answers_at__lte=now.psp)
    return Inquiry.objects.filter(on_wall | on_psp, collected_at=None, withdrawn_at=None)
