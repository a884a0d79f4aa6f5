"""What a journey asks of a PSP's fake: what shoppers and banks do there, whichever PSP it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Protocol, Self

from psp_clients.contract import Money


class Fake(Protocol):
    """The least that every fake of a PSP is."""

    requests: list[dict[str, str]]

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class Lossy:
    """Mixed into a fake: while `loses_answers`, all is carried out and no answer arrives."""

    loses_answers: bool = False

    def answer(self, *request: Any) -> Any:
        """Answer one request; None hangs up."""
        answered = super().answer(*request)  # type: ignore[misc]  # the fake's
        return None if self.loses_answers else answered


@dataclass(frozen=True)
class Book:
    """What really happened to the money of one session, in major units."""

    charged: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)


class PspStage:
    """A fake of one PSP, with hands for every role. Subclasses say how it is done there.

    `token` is the session's token. The PSP queues its webhooks until `deliver`.
    """

    NAME: ClassVar[str]
    # Money that this PSP takes beside the euro, each in a way of its own.
    MONEYS: ClassVar[Sequence[Money]]
    # What a shopper who is refused once is shown, if the PSP lets her try again in the session.
    fake: Any

    def start(self) -> AbstractContextManager[object]:
        """Return the fake, to be entered."""
        raise NotImplementedError

    def told(self) -> Mapping[str, str]:
        """Return the values of the PSP's settings, by name, that lead to the fake."""
        raise NotImplementedError

    def moves_in(self, bps_url: str) -> None:
        """Tell the PSP where BPS is, if that is set up there and not told with each session."""

    def pays(self, token: str) -> str:
        """Have the shopper do all that she does on the page; return where that leads her."""
        raise NotImplementedError

    def is_refused(self, token: str) -> None:
        """Have the next try of the shopper refused, in a way that lets her try again.

        Where the page charges she has tried and is still there.
        """
        raise NotImplementedError

    def pays_other(self, token: str, money: Money) -> str:
        """Have the PSP take other money than was asked for."""
        raise NotImplementedError

    def deliver(self) -> list[int]:
        """Have the PSP send what webhooks it has queued."""
        raise NotImplementedError

    def comes_to_nothing(self, token: str) -> None:
        """Have a session end without money, as far as BPS can learn in time."""
        raise NotImplementedError

    def is_paid_after_all(self, token: str) -> None:
        """Have the session that had come to nothing turn out to be paid."""
        raise NotImplementedError

    def refunds_succeed(self) -> None:
        """Have the banks carry out every refund that was asked for."""
        raise NotImplementedError

    def sessions(self) -> Sequence[str]:
        """Return the tokens of all sessions that the PSP has made."""
        raise NotImplementedError

    def book(self, token: str) -> Book:
        """Return what really happened to a session's money."""
        raise NotImplementedError
