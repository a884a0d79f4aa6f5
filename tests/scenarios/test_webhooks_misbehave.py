"""Webhooks come early, twice, late, never, forged, out of order, or lie."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from payments.models import Case, ReceiptState, ShopNotification, WebhookReceipt
from payments.services import due
from payments.services.receipts import process_receipt
from tests import direct
from tests.scenarios.world import World
from tests.webhooks.psp import Delivery


class TestAWebhookThat:
    def test_is_lost_is_made_good_by_a_poll(self, world: World) -> None:
        checkout = world.register("20.09")
        assert world.buy(checkout).json()["purchase"]["phase"] == "pending"

        world.work_until(world.has_phase(checkout, "captured"))

        assert not WebhookReceipt.objects.filter(psp_token=checkout.token).exists()
        assert world.charges(checkout) == 1

    def test_the_psps_own_look_ups_know_nothing_of_yet_is_worked_on_again(
        self, world: World
    ) -> None:
        checkout = world.register()
        world.buy(checkout, prefer="respond-async")  # nobody has sent it: the session is open there
        assert Delivery.about(world.session(checkout)).send().status_code == 200
        now, states = timezone.now(), []

        for _ in range(5):
            claimed = due.claim_due("receipt", now=now)
            assert claimed is not None
            process_receipt(claimed, now=now)
            states.append(WebhookReceipt.objects.get().state)
            now += timedelta(minutes=2)

        assert states == ["waiting"] * 4 + ["processed"]
        assert world.purchase(checkout).phase == "submitting"

    def test_comes_twice_counts_once(self, world: World) -> None:
        checkout = world.register("20.10")
        world.buy(checkout)

        world.work_until(lambda: world.session(checkout).receipts.filter(deliveries=2).exists())

        assert world.session(checkout).receipts.count() == 1
        assert ShopNotification.objects.count() == 1

    def test_comes_before_the_answer_leaves_the_answer_nothing_to_change(
        self, world: World
    ) -> None:
        checkout = world.register("20.12")

        response = world.buy(checkout)

        assert response.json()["purchase"]["status"] == "successful"
        world.work_until(world.session(checkout).receipts.exists)
        assert world.charges(checkout) == 1
        assert ShopNotification.objects.count() == 1

    def test_comes_out_of_order_ends_at_the_truth(self, world: World) -> None:
        checkout = world.register("20.16")
        world.buy(checkout)

        world.work_until(world.has_phase(checkout, "captured"))
        world.work_until(lambda: world.session(checkout).receipts.count() == 2)

        assert world.purchase(checkout).phase == "captured"

    def test_claims_another_amount_is_not_believed(self, world: World) -> None:
        checkout = world.register("20.14")
        world.buy(checkout)

        world.work_until(world.has_phase(checkout, "captured"))

        assert str(world.purchase(checkout).captured_amount) == "20.1400"
        assert Case.objects.count() == 0

    def test_bears_no_signature_changes_nothing_until_it_comes_signed(self, world: World) -> None:
        checkout = world.register("20.13")
        world.buy(checkout)

        world.work_until(world.has_phase(checkout, "captured"))

        assert WebhookReceipt.objects.filter(state=ReceiptState.REJECTED).exists()

    @pytest.mark.parametrize("signature", ["", "v1,Zm9yZ2Vk", "v2,x", "é"])
    def test_is_forged_is_kept_as_evidence_and_changes_nothing(
        self, world: World, signature: str
    ) -> None:
        checkout = world.register("20.03")
        world.buy(checkout)
        body = json.dumps({"id": "evt_1", "type": "session.paid", "data": checkout.token})

        response = direct.post(
            f"{world.bps_url}/webhooks/sandbox/",
            data=body.encode(),
            headers={
                "webhook-id": "evt_1",
                "webhook-timestamp": "1",
                "webhook-signature": signature.encode("utf-8"),
            },
            timeout=10,
        )

        assert response.status_code == 401
        world.work()
        assert world.purchase(checkout).phase == "pending"
        [kept] = [
            receipt
            for receipt in WebhookReceipt.objects.filter(state=ReceiptState.REJECTED)
            if bytes(receipt.body) == body.encode()
        ]
        assert (kept.event_id, kept.session) == (None, None)
