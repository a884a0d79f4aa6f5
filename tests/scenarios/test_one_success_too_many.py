"""A success nobody waits for any more: late, or the second of an order. One charge stays."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from payments.domain.orders import LateSuccess
from payments.models import CauseKind, Purchase, Refund, RefundOrigin, Shop
from payments.services import settle
from payments.services.timeline import Cause
from psp_clients.contract import Money, Report, ReportedState
from tests.builders import make_purchase, make_refund, make_session, make_shop
from tests.scenarios.world import Checkout, World


def fail_then_succeed(world: World, order: str = "o-1") -> Checkout:
    """Buy on a checkout that expires at the PSP, and succeeds some seconds later all the same."""
    checkout = world.register("20.17", order_reference=order)
    world.buy(checkout)
    world.work_until(world.has_phase(checkout, "expired"))
    return checkout


def wants(policy: LateSuccess) -> None:
    Shop.objects.update(late_success=policy)


def cases(world: World, checkout: Checkout) -> list[tuple[str, bool]]:
    """Return the kinds of a session's cases, and whether each is still open."""
    rows = world.session(checkout).cases.order_by("created_at")
    return [(case.kind, case.resolved_at is None) for case in rows]


class TestALateSuccess:
    def test_is_kept_where_the_shop_accepts_it(self, world: World) -> None:
        wants(LateSuccess.ACCEPT)
        checkout = fail_then_succeed(world)

        world.work_until(world.has_phase(checkout, "captured"))

        assert cases(world, checkout) == [("late_success", False)]
        assert not Refund.objects.exists()

    def test_waits_for_a_person_where_the_shop_wants_to_be_asked(self, world: World) -> None:
        wants(LateSuccess.ASK)
        checkout = fail_then_succeed(world)

        world.work_until(world.has_phase(checkout, "captured"))

        assert cases(world, checkout) == [("late_success", True)]
        assert not Refund.objects.exists()

    def test_is_given_back_where_the_shop_wants_that(self, world: World) -> None:
        wants(LateSuccess.REFUND)
        checkout = fail_then_succeed(world)

        world.work_until(lambda: Refund.objects.filter(phase="successful").exists())

        assert Refund.objects.get().origin == RefundOrigin.LATE_SUCCESS
        assert (world.books(checkout)["charged"], world.books(checkout)["refunded"]) == (
            "20.17",
            "20.17",
        )
        assert cases(world, checkout) == [("late_success", False)]
        assert world.read(checkout.id)["purchase"]["refunded_amount"] == "20.17"


class TestASecondSuccessOfAnOrder:
    def test_is_marked_and_given_back_and_the_first_is_kept(self, world: World) -> None:
        wants(LateSuccess.ACCEPT)  # what comes late may be kept, but not what comes twice
        late = fail_then_succeed(world, order="o-7")
        kept = world.register("20.00", order_reference="o-7")
        assert world.buy(kept).json()["purchase"]["status"] == "successful"

        world.work_until(lambda: Refund.objects.filter(phase="successful").exists())

        assert world.purchase(late).surplus
        assert not world.purchase(kept).surplus
        assert Refund.objects.get().origin == RefundOrigin.SURPLUS
        assert world.books(late)["refunded"] == "20.17"
        assert world.books(kept)["refunded"] == "0.00"
        assert cases(world, late) == [("surplus", False)]
        assert Purchase.objects.filter(phase="captured", surplus=False).count() == 1


@pytest.mark.django_db
class TestASecondSuccessWhileTheFirstIsOnItsWayBack:
    @pytest.mark.parametrize(("left", "refunds"), [("0.00", 0), ("0.01", 1)])
    def test_is_kept_for_a_person_to_decide_unless_the_first_is_kept_in_part(
        self, left: str, refunds: int
    ) -> None:
        shop = make_shop()
        first, second = (
            make_purchase(make_session(shop=shop, order_reference="o-1"), phase=phase)
            for phase in ("captured", "expired")
        )
        on_its_way = str(Decimal("19.99") - Decimal(left))
        make_refund(first, amount=on_its_way, phase="pending")
        money = Money("19.99", "EUR")
        report = Report(ReportedState.CAPTURED, "paid", money, money)

        cause = Cause(CauseKind.RECEIPT, "receipt-1")
        settle.apply_report(second, report, cause=cause, now=timezone.now())

        second.refresh_from_db()
        assert second.surplus
        assert Refund.objects.filter(purchase=second).count() == refunds
        assert [case.kind for case in second.session.cases.all()] == ["surplus"]
