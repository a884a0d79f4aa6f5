"""Journeys through Stripe."""

from __future__ import annotations

from tests.journeys.stripe import StripeStage
from tests.journeys.suite import Journeys


class TestAJourneyThroughStripe(Journeys):
    STAGE = StripeStage
