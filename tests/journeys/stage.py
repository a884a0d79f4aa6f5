"""What a journey asks of a PSP's fake: what shoppers and banks do there, whichever PSP it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from psp_clients.contract import Money


class Lossy:
    """Mixed into a fake: while `loses_answers`, all is carried out and no answer arrives."""

    loses_answers: bool = False

    def answer(self, method: str, target: str, *rest: Any) -> Any:
        """Answer one request; None hangs up."""
        answered = super().answer(method, target, *rest)  # type: ignore[misc]  # the fake's
        return None if self.loses(target) else answered

    def loses(self, path: str) -> bool:
        """Tell whether the answer to a request for a path does not arrive now."""
        return self.loses_answers


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
    fake: Any  # with a Lossy in it

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
        """Have the shopper's next try refused; where the page charges, she has tried by then."""
        raise NotImplementedError

    def pays_other(self, token: str, money: Money) -> str:
        """Have the PSP take other money than was asked for."""
        raise NotImplementedError

    def deliver(self) -> list[int]:
        """Have the PSP send what webhooks it has queued."""
        raise NotImplementedError

    def comes_to_nothing(self, token: str) -> str:
        """Have a session end without money, as far as BPS can learn in time.

        Returns where that leads the shopper, or nothing where she is lost on the way.
        """
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
