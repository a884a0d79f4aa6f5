"""The scenarios that take their time, all begun when the first test starts.

So the tests that need them wait together, most of the time for nothing.
"""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

from tests.sandbox.merchant import Merchant, Session

DIGITS = {
    "slow": "06",
    "webhook_lost": "09",
    "webhook_late": "11",
    "webhook_unsigned": "13",
    "webhook_wrong_amount": "14",
    "not_found_then_found": "15",
    "out_of_order": "16",
    "success_after_expiry": "17",
    "issuer_seconds": "18",
    "unknown_word": "20",
    "success_after_decline": "21",
    "denied_then_paid": "22",
    "acts_late": "23",
    "answer_overtaken": "24",
}


@dataclass(frozen=True)
class Purchased:
    """What a purchase request came to, and what look-ups said right after it."""

    answer: requests.Response | requests.ConnectionError
    by_token: requests.Response
    by_reference: requests.Response

    @property
    def status(self) -> str:
        """The status that the purchase request was answered with."""
        assert isinstance(self.answer, requests.Response)
        return str(self.answer.json()["status"])


@dataclass(frozen=True)
class Story:
    """A scenario that has begun, and when."""

    session: Session
    began_at: float
    purchase: "Future[Purchased]"

    def seconds(self) -> float:
        """Return how long ago it began."""
        return time.monotonic() - self.began_at


Stories = Mapping[str, Story]


def begin(merchant: Merchant) -> Stories:
    """Begin all stories at once; the receiver refuses the unsigned webhooks among them."""
    # Other tests set the PSP's clock ahead meanwhile.
    expires_at = (datetime.now(tz=UTC) + timedelta(days=30)).isoformat()
    sessions = {
        name: merchant.register(amount=f"20.{digits}", expires_at=expires_at)
        for name, digits in DIGITS.items()
    }
    merchant.receiver.answer_with(
        sessions["webhook_unsigned"].webhook_path, lambda one: 204 if one.is_signed else 401
    )
    pool = ThreadPoolExecutor(len(DIGITS))
    stories = {
        name: Story(session, time.monotonic(), pool.submit(_purchase, merchant, session))
        for name, session in sessions.items()
    }
    pool.shutdown(wait=False)
    return stories


def _purchase(merchant: Merchant, session: Session) -> Purchased:
    answer: requests.Response | requests.ConnectionError
    try:
        answer = merchant.purchase(session)
    except requests.ConnectionError as error:
        answer = error
    return Purchased(
        answer=answer,
        by_token=merchant.get(f"sessions/{session.token}"),
        by_reference=merchant.get("sessions", reference=session.body["reference"]),
    )
