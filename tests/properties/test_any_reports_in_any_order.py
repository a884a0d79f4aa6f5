"""Any reports, in any order, any number of times: a purchase ends where the PSP's last truth is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.lifecycle import FAILED_PHASES, PHASE_REPORTED, STATUS_OF, Phase
from payments.models import Case, CaseKind, CauseKind, Event, Purchase, ShopNotification
from payments.services import settle
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_purchase, make_session, make_shop

OURS = Money("19.99", "EUR")
S = ReportedState

# What a PSP can truly go through, its last truth last. A failure may be overtaken by a success.
HISTORIES: list[tuple[ReportedState, ...]] = [
    (S.OPEN,),
    (S.OPEN, S.PENDING),
    (S.PENDING, S.AUTHORIZED),
    (S.CAPTURED,),
    (S.OPEN, S.CAPTURED),
    (S.OPEN, S.PENDING, S.CAPTURED),
    (S.OPEN, S.PENDING, S.AUTHORIZED, S.CAPTURED),
    (S.DECLINED,),
    (S.OPEN, S.PENDING, S.DECLINED),
    (S.OPEN, S.CANCELLED),
    (S.PENDING, S.AUTHORIZED, S.CANCELLED),
    (S.OPEN, S.EXPIRED),
    (S.PENDING, S.AUTHORIZED, S.EXPIRED),
    (S.OPEN, S.EXPIRED, S.CAPTURED),
    (S.PENDING, S.DECLINED, S.CAPTURED),
    (S.PENDING, S.AUTHORIZED, S.CANCELLED, S.CAPTURED),
]
WRONG_SUMS = [
    Money("19.98", "EUR"),
    Money("20.00", "EUR"),
    Money("0.00", "EUR"),
    Money("19.99", "USD"),
    Money("1999", "JPY"),
    None,
]

Happening = Callable[[Purchase], None]


@dataclass(frozen=True)
class Told:
    """A PSP's report, shown by hypothesis as what it says."""

    state: ReportedState
    money: Money | None = OURS
    captured: Money | None = OURS

    def __call__(self, purchase: Purchase) -> None:
        """Take it to the gate."""
        taken = self.captured if self.state is S.CAPTURED else None
        report = Report(self.state, str(self.state), self.money, taken, payment_reference="ch_1")
        cause = Cause(CauseKind.RECEIPT, "receipt-1")
        settle.apply_report(purchase, report, cause=cause, now=timezone.now())


@dataclass(frozen=True)
class Unanswered:
    """A send of ours whose answer was lost."""

    def __call__(self, purchase: Purchase) -> None:
        """Take it to the gate."""
        cause = Cause(CauseKind.PSP_CALL, "call-1")
        settle.mark_in_doubt(purchase, why="reset", cause=cause, now=timezone.now())


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[tuple[ReportedState, ...], list[Happening]]:
    """Return a history, and what comes of it: its last truth surely, all else any number of times.

    Among it come lost answers of ours, and reports that name another sum.
    """
    history = draw(st.sampled_from(HISTORIES))
    noise = st.one_of(
        st.sampled_from(history).map(Told),
        st.just(Unanswered()),
        st.builds(Told, st.just(S.CAPTURED), captured=st.sampled_from(WRONG_SUMS)),
        st.builds(Told, st.sampled_from(S), money=st.sampled_from(WRONG_SUMS[:-1])),
    )
    happenings: list[Happening] = draw(st.lists(noise, max_size=7))
    place = draw(st.integers(0, len(happenings)))
    return history, [*happenings[:place], Told(history[-1]), *happenings[place:]]


def notified(purchase: Purchase) -> list[str]:
    rows = ShopNotification.objects.filter(purchase=purchase).order_by("pk")
    return list(rows.values_list("type", flat=True))


def verified_events(purchase: Purchase) -> int:
    said = StringIO()
    checkout_id = purchase.session.checkout_id
    call_command("verify_events", "--checkout-id", checkout_id, stdout=said)
    return int(said.getvalue().split()[0])


def replayed_phase(purchase: Purchase) -> str:
    """Return the phase that the events alone tell of."""
    moves = Event.objects.filter(purchase=purchase, name__startswith="purchase.")
    before = Phase.SUBMITTING.value
    for move in moves.order_by("position"):
        assert move.phase_before == before
        before = move.phase_after
    return before


@pytest.mark.django_db
class TestAPurchase:
    @given(deliveries())
    def test_ends_where_the_psps_last_truth_is(
        self, given_deliveries: tuple[tuple[ReportedState, ...], list[Happening]]
    ) -> None:
        history, happenings = given_deliveries
        purchase = make_purchase(make_session(), phase="submitting", due_at=timezone.now())
        phases = [Phase.SUBMITTING]

        for happens in happenings:
            happens(purchase)
            phases.append(
                Phase(Purchase.objects.values_list("phase", flat=True).get(pk=purchase.pk))
            )
            if Phase.CAPTURED in phases:
                assert phases[-1] is Phase.CAPTURED
            assert notified(purchase).count("purchase.successful") == (Phase.CAPTURED in phases)

        purchase = Purchase.objects.select_related("session").get(pk=purchase.pk)
        expected = self.expected(history, happenings)
        ended = expected is Phase.CAPTURED or expected in FAILED_PHASES
        assert purchase.phase == expected
        assert purchase.status == STATUS_OF[expected]
        assert purchase.captured_amount == Decimal(
            OURS.amount if purchase.phase == "captured" else 0
        )
        assert purchase.session.status == ("completed" if ended else "registered")
        assert (purchase.finished_at is not None, purchase.due_at is None) == (ended, ended)
        assert notified(purchase).count("purchase.failed") == any(
            p in FAILED_PHASES for p in phases
        )
        assert verified_events(purchase) == Event.objects.filter(purchase=purchase).count()
        assert replayed_phase(purchase) == expected

    @staticmethod
    def expected(history: tuple[ReportedState, ...], happenings: list[Happening]) -> Phase:
        """Return where the last truth leaves it: where the PSP knows nothing, we are in doubt."""
        truth = PHASE_REPORTED[history[-1]]
        if truth is not None:
            return truth
        return Phase.IN_DOUBT if Unanswered() in happenings else Phase.SUBMITTING

    @given(
        st.sampled_from(Phase),
        st.lists(
            st.one_of(
                st.builds(Told, st.just(S.CAPTURED), captured=st.sampled_from(WRONG_SUMS)),
                st.builds(Told, st.sampled_from(S), money=st.sampled_from(WRONG_SUMS[:-1])),
            ),
            min_size=1,
            max_size=5,
        ),
    )
    def test_of_another_sum_is_never_moved_and_always_a_case(
        self, phase: Phase, reports: list[Told]
    ) -> None:
        purchase = make_purchase(make_session(), phase=phase)
        before = Purchase.objects.values().get(pk=purchase.pk)

        for report in reports:
            report(purchase)

        assert Purchase.objects.values().get(pk=purchase.pk) == before
        assert notified(purchase) == []
        [case] = Case.objects.filter(purchase=purchase)
        assert case.kind == CaseKind.AMOUNT_MISMATCH
        assert verified_events(purchase) == len(reports)


@pytest.mark.django_db
class TestAnOrder:
    @given(
        st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from([S.CAPTURED, S.DECLINED, S.PENDING])),
            max_size=10,
        )
    )
    def test_has_one_success_however_many_of_its_purchases_were_charged(
        self, reports: list[tuple[int, ReportedState]]
    ) -> None:
        shop = make_shop()
        purchases = [
            make_purchase(make_session(shop=shop, order_reference="o-1"), phase="declined")
            for _ in range(3)
        ]

        for which, state in reports:
            Told(state)(purchases[which])

        charged = [which for which, state in reports if state is S.CAPTURED]
        rows = [Purchase.objects.get(pk=purchase.pk) for purchase in purchases]
        assert [row.phase == "captured" for row in rows] == [n in charged for n in range(3)]
        assert [row.surplus for row in rows] == [n in charged and n != charged[0] for n in range(3)]
        surplus = Case.objects.filter(kind=CaseKind.SURPLUS, purchase__in=rows)
        assert surplus.count() == max(0, len(set(charged)) - 1)
        for row in rows:
            assert notified(row) == (["purchase.successful"] if row.phase == "captured" else [])
