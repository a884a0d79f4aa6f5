"""What is reserved is taken, or let go, once: whatever fails, and whoever asks at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from payments.models import CauseKind, Instruction, PspCall
from payments.services.refusals import InstructionPending
from payments.services.request_capture import request_capture
from payments.services.timeline import Cause
from tests import direct
from tests.scenarios.world import Checkout, World


def reserved(world: World, amount: str = "20.00") -> Checkout:
    checkout = world.register(amount, capture="manual")
    purchase = world.buy(checkout).json()["purchase"]
    assert (purchase["status"], purchase["phase"]) == ("started", "authorized")
    return checkout


def capture(world: World, checkout: Checkout, amount: str | None = None, key: str = "") -> Any:
    body = {} if amount is None else {"amount": amount}
    headers = {"Idempotency-Key": key or uuid4().hex}
    return world.post(f"/{checkout.id}/captures", body, **headers)


def instruction() -> Instruction:
    return Instruction.objects.get()


def ended() -> bool:
    return not instruction().is_pending


def told(world: World, checkout: Checkout) -> list[str]:
    return [row.type for row in world.session(checkout).notifications.order_by("pk")]


class TestACapture:
    def test_of_everything_is_made_and_told(self, world: World) -> None:
        checkout = reserved(world)

        response = capture(world, checkout)
        world.work()

        assert (response.status_code, response.json()["state"]) == (202, "pending")
        shown = world.read(checkout.id)["purchase"]
        assert (shown["status"], shown["captured_amount"]) == ("successful", "20.00")
        assert world.books(checkout)["charged"] == "20.00"
        assert instruction().state == "successful"
        assert told(world, checkout) == ["purchase.authorized", "purchase.successful"]
        events = world.session(checkout).events.filter(name__startswith="capture.")
        assert [row.name for row in events] == ["capture.started", "capture.successful"]

    def test_of_a_part_lets_the_rest_go_and_bounds_refunds(self, world: World) -> None:
        checkout = reserved(world)
        capture(world, checkout, "12.50")
        world.work()

        refused = world.post(
            f"/{checkout.id}/refunds", {"amount": "12.51"}, **{"Idempotency-Key": "r-1"}
        )

        assert refused.status_code == 409
        assert refused.json()["refundable_amount"] == "12.50"
        assert world.purchase(checkout).captured_amount == Decimal("12.50")
        assert world.books(checkout)["charged"] == "12.50"
        again = capture(world, checkout, "1.00")
        assert again.json()["type"] == "urn:bps:problem:nothing-reserved"

    def test_asked_for_by_many_at_once_is_made_once(self, world: World) -> None:
        checkout = reserved(world)
        purchase_id = world.purchase(checkout).pk
        start = Barrier(8)

        def ask(_: int) -> str:
            start.wait(timeout=30)
            try:
                request_capture(
                    purchase_id=purchase_id,
                    amount=None,
                    reason="",
                    cause=Cause(CauseKind.STAFF, "", "ann"),
                    now=timezone.now(),
                )
            except InstructionPending:
                return "refused"
            finally:
                connection.close()
            return "granted"

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, range(8)))
        world.work()

        assert sorted(answers) == ["granted"] + ["refused"] * 7
        assert world.charges(checkout) == 1

    def test_asked_for_again_with_its_key_is_the_same(self, world: World) -> None:
        checkout = reserved(world)

        first = capture(world, checkout, key="k-1")
        world.work()
        again = capture(world, checkout, key="k-1")

        assert (first.json()["state"], again.json()["state"]) == ("pending", "successful")
        assert again.json()["id"] == first.json()["id"]
        assert world.charges(checkout) == 1


class TestACaptureWhoseAnswerIsLost:
    def test_is_sent_again_with_its_key_and_was_made_once(self, world: World) -> None:
        checkout = reserved(world)
        capture(world, checkout, "5.93")

        world.work()
        assert instruction().is_pending
        assert world.session(checkout).events.filter(name="capture.in_doubt").count() == 1
        world.work_until(ended)

        assert instruction().state == "successful"
        assert world.purchase(checkout).captured_amount == Decimal("5.93")
        assert [charge["amount"] for charge in world.books(checkout)["charges"]] == ["5.93"]
        assert PspCall.objects.filter(operation="capture").count() == 1

    def test_is_only_looked_up_once_its_key_may_be_forgotten(self, world: World) -> None:
        checkout = reserved(world)
        capture(world, checkout, "5.93")
        world.work()
        call = PspCall.objects.filter(instruction=instruction())
        call.update(first_sent_at=timezone.now() - timedelta(hours=12))

        world.work_until(ended)

        assert call.get().sends == 1
        assert world.charges(checkout) == 1
        assert instruction().state == "successful"


class TestACaptureWhileThePspIsDown:
    def test_is_sent_with_the_same_key_when_it_is_back(self, world: World) -> None:
        checkout = reserved(world)
        capture(world, checkout)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        world.work()
        assert instruction().is_pending
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(ended)

        assert PspCall.objects.filter(operation="capture").count() == 1
        assert world.books(checkout)["charged"] == "20.00"


def at_the_psp(world: World, checkout: Checkout, path: str, body: dict[str, str]) -> None:
    """Do something in the PSP's own pages, behind our back."""
    answer = direct.post(
        f"{world.sandbox.psp_url}/v1/sessions/{checkout.token}/{path}",
        json=body,
        headers={
            "Authorization": f"Bearer {world.sandbox.api_key}",
            "Idempotency-Key": uuid4().hex,
        },
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


class TestWhatThePspDidOtherwise:
    def test_than_a_capture_asked_is_taken_as_true_and_is_a_case(self, world: World) -> None:
        checkout = reserved(world)
        capture(world, checkout)
        at_the_psp(world, checkout, "capture", {"amount": "7.00", "currency": "EUR"})

        world.work_until(self.has_ended(world, checkout))

        assert world.purchase(checkout).captured_amount == Decimal("7.00")
        assert instruction().state == "failed"
        assert [case.kind for case in world.session(checkout).cases.all()] == ["not_as_asked"]
        assert "capture.failed" in told(world, checkout)

    def test_than_a_void_asked_is_taken_as_true_and_is_a_case(self, world: World) -> None:
        checkout = reserved(world)
        world.post(f"/{checkout.id}/void")
        at_the_psp(world, checkout, "capture", {"amount": "20.00", "currency": "EUR"})

        world.work_until(self.has_ended(world, checkout))

        assert world.purchase(checkout).phase == "captured"
        assert instruction().state == "failed"
        assert [case.kind for case in world.session(checkout).cases.all()] == ["not_as_asked"]

    @staticmethod
    def has_ended(world: World, checkout: Checkout) -> Callable[[], bool]:
        return lambda: ended() and world.purchase(checkout).phase == "captured"


class TestAVoid:
    def test_is_made_and_told_and_nothing_is_taken(self, world: World) -> None:
        checkout = reserved(world)

        response = world.post(f"/{checkout.id}/void", {"reason": "out of stock"})
        world.work()

        assert response.status_code == 202
        assert world.books(checkout)["charges"] == []
        shown = world.read(checkout.id)["purchase"]
        assert (shown["status"], shown["phase"]) == ("failed", "cancelled")
        assert instruction().state == "successful"
        assert told(world, checkout) == ["purchase.authorized", "purchase.failed"]

    def test_and_a_capture_at_once_never_both_win(self, world: World) -> None:
        checkout = reserved(world)

        world.post(f"/{checkout.id}/void")
        refused = capture(world, checkout)
        world.work()

        assert refused.json()["type"] == "urn:bps:problem:void-in-progress"
        assert world.books(checkout)["charges"] == []

    def test_asked_for_again_is_the_same(self, world: World) -> None:
        checkout = reserved(world)

        first = world.post(f"/{checkout.id}/void")
        world.work()
        again = world.post(f"/{checkout.id}/void")

        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json()["id"] == first.json()["id"]
        assert again.json()["state"] == "successful"
