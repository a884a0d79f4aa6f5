"""Journeys through Mollie."""

from __future__ import annotations

from tests.journeys.mollie import MollieStage
from tests.journeys.suite import Journeys


class TestAJourneyThroughMollie(Journeys):
    STAGE = MollieStage
