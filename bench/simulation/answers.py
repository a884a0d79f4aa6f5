"""What the PSP's error answers mean: read by the sandbox client's own table, as shipped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from bench.simulation.rows import Answer
from payments.domain.answers import CallOutcome
from psp_clients import contract
from psp_clients.http import Answer as HttpAnswer
from psp_clients.sandbox.refusals import refusal

OUTCOMES: Final[dict[type[contract.PspError], CallOutcome]] = {
    contract.RetryableRejected: CallOutcome.RETRYABLE,
    contract.InDoubt: CallOutcome.IN_DOUBT,
    contract.StateConflict: CallOutcome.STATE_CONFLICT,
    contract.InvalidRequest: CallOutcome.INVALID_REQUEST,
}


def read_refusal(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return what BPS makes of an error answer of the PSP."""
    body = json.dumps({"error": {"code": code}}).encode()
    error = refusal(contract.Operation.CONFIRM, HttpAnswer(status, headers or {}, body))
    return Answer(OUTCOMES[type(error)])
