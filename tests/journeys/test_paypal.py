"""Journeys through PayPal."""

from __future__ import annotations

from tests.journeys.paypal import PayPalStage
from tests.journeys.suite import Journeys


class TestAJourneyThroughPayPal(Journeys):
    STAGE = PayPalStage
