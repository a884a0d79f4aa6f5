"""What is pressed twice at once..."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from payments.models import Approval, StaffEvent
from payments.services.approvals import approve
from payments.services.refusals import Refusal
from payments.services.staff_shops import carry_out
from tests.midoffice.forms import REASON
from tests.midoffice.four_eyes.asking import shown_once
from tests.midoffice.people import Person, decide

pytestmark = pytest.mark.django_db(transaction=True)


class TestTwiceAtOnce:
    @shown_once
    def test_makes_one_value(self, name: str, ask: Any, olga: Person, paul: Person):
        approval = ask(name)
        decide(paul, approval)

        answers = at_once(
            lambda: carry_out(by=olga.user, approval_id=approval.pk, now=timezone.now())
        )

        assert sorted(answers) == ["made", "refused"]
        made = StaffEvent.objects.filter(name__in=("api_key.made", "secret.rotated"))
        assert made.count() == 1

    @pytest.mark.parametrize("name", ["revoke-api-key", "change-limits"])
    def test_does_it_once(self, name: str, ask: Any, paul: Person):
        approval = ask(name)

        answers = at_once(
            lambda: approve(
                by=paul.user,
                approval_id=approval.pk,
                seen_hash=approval.arguments_hash,
                note=REASON,
                now=timezone.now(),
            )
        )

        assert "made" in answers
        done = StaffEvent.objects.filter(name__in=("api_key.revoked", "refund_limits.changed"))
        assert (done.count(), Approval.objects.get().state) == (1, "done")
        assert StaffEvent.objects.filter(name="approval.granted").count() == 1


def at_once(do: Callable[[], object]) -> list[str]:
    """Do something in two threads at the same moment; return what became of each."""
    start = Barrier(2)

    def press(_: int) -> str:
        start.wait(timeout=30)
        try:
            do()
        except Refusal:
            return "refused"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(press, range(2)))
