"""Journeys through Adyen."""

from __future__ import annotations

from tests.journeys.adyen import AdyenStage
from tests.journeys.suite import Journeys


class TestAJourneyThroughAdyen(Journeys):
    STAGE = AdyenStage
