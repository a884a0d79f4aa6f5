"""What is logged, and what never is."""

import json
import logging

import pytest
import structlog

from config.logging import configure_logging, redact

SECRET = (
    "authorization",
    "HTTP_AUTHORIZATION",
    "api_key",
    "Api-Key",
    "psp_token",
    "csrfmiddlewaretoken",
    "webhook_secrets",
    "webhook-signature",
    "Cookie",
    "staff_password",
)


def redacted(**event: object) -> dict[str, object]:
    return dict(redact(None, "info", event))


def test_a_value_whose_name_looks_secret_is_hidden():
    assert redacted(**dict.fromkeys(SECRET, "canary")) == dict.fromkeys(SECRET, "[hidden]")


def test_a_secret_is_hidden_however_deep_it_lies():
    event = redacted(call={"headers": [{"Authorization": "canary", "Accept": "json"}]})

    assert event == {"call": {"headers": [{"Authorization": "[hidden]", "Accept": "json"}]}}


def test_the_token_in_a_result_page_address_is_hidden_and_so_is_the_query():
    assert redacted(request="GET /result/canary/?lang=de") == {"request": "GET /result/[hidden]/"}


def test_other_values_are_left_as_they_are():
    event = {"checkout_id": "c-1001", "code": 200, "request": "GET /api/v1/payment-sessions"}

    assert redacted(**event) == event


def test_a_line_in_production_is_one_json_object(capsys: pytest.CaptureFixture[str]):
    formatter = configure_logging(readable=False)["formatters"]["structured"]
    record = logging.LogRecord("library", logging.WARNING, "", 0, "slow %s", ("query",), None)
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        line = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        ).format(record)

    written = json.loads(line)
    written.pop("timestamp")
    assert written == {
        "event": "slow query",
        "level": "warning",
        "logger": "library",
        "request_id": "r-1",
    }
