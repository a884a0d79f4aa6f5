"""The API's description: valid OpenAPI, complete, and a page to read it on."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.validation import validate_schema

OPERATIONS = {
    ("/api/v1/psps", "get"): {"200"},
    ("/api/v1/payment-sessions", "get"): {"200", "400"},
    ("/api/v1/payment-sessions", "post"): {"200", "201", "400", "409", "422", "503"},
    ("/api/v1/payment-sessions/{checkout_id}", "get"): {"200", "404"},
    ("/api/v1/payment-sessions/{checkout_id}/buy-now", "post"): {
        "200",
        "202",
        "400",
        "404",
        "409",
        "422",
        "503",
    },
    ("/api/v1/payment-sessions/{checkout_id}/cancel", "post"): {"200", "202", "404", "409"},
    ("/api/v1/payment-sessions/{checkout_id}/captures", "get"): {"200", "404"},
    ("/api/v1/payment-sessions/{checkout_id}/captures", "post"): {
        "200",
        "202",
        "400",
        "404",
        "409",
        "422",
        "503",
    },
    ("/api/v1/payment-sessions/{checkout_id}/void", "post"): {"200", "202", "404", "409", "422"},
    ("/api/v1/payment-sessions/{checkout_id}/events", "get"): {"200", "404"},
    ("/api/v1/payment-sessions/{checkout_id}/refresh", "post"): {"200", "404"},
    ("/api/v1/payment-sessions/{checkout_id}/refunds", "get"): {"200", "404"},
    ("/api/v1/payment-sessions/{checkout_id}/refunds", "post"): {
        "200",
        "202",
        "400",
        "404",
        "409",
        "422",
        "503",
    },
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema as it is served: made once, read by all."""
    response = Client().get("/api/schema/")
    assert response.status_code == 200
    loaded: dict[str, Any] = yaml.safe_load(response.content)
    return loaded


class TestTheSchema:
    def test_is_valid_openapi(self, schema: dict[str, Any]) -> None:
        validate_schema(schema)

    def test_is_made_without_warnings(self, tmp_path: Any) -> None:
        call_command(
            "spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yaml")
        )

    def test_tells_of_every_answer(self, schema: dict[str, Any]) -> None:
        untold = {
            (path, method): statuses - set(schema["paths"][path][method]["responses"])
            for (path, method), statuses in OPERATIONS.items()
        }

        assert untold == {operation: set() for operation in OPERATIONS}

    def test_tells_of_every_operation_and_no_other(self, schema: dict[str, Any]) -> None:
        described = {
            (path, method)
            for path, methods in schema["paths"].items()
            for method in methods
            if path.startswith("/api/v1/")
        }

        assert described == set(OPERATIONS)

    def test_says_that_refusals_are_problems(self, schema: dict[str, Any]) -> None:
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    if status >= "400":
                        assert set(response["content"]) == {"application/problem+json"}

    def test_asks_for_the_api_key_everywhere(self, schema: dict[str, Any]) -> None:
        for path, method in OPERATIONS:
            assert schema["paths"][path][method]["security"] == [{"ApiKey": []}]

    def test_asks_for_the_idempotency_key_on_buy_now(self, schema: dict[str, Any]) -> None:
        operation = schema["paths"]["/api/v1/payment-sessions/{checkout_id}/buy-now"]["post"]

        [parameter] = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
        assert (parameter["in"], parameter["required"]) == ("header", True)

    @pytest.mark.parametrize(
        ("amount", "fits"),
        [("19.99", True), ("0.001", True), ("500", True), ("007", False), ("1e3", False)],
    )
    def test_draws_amounts_as_they_are_taken(
        self, schema: dict[str, Any], amount: str, fits: bool
    ) -> None:
        members = schema["components"]["schemas"]["RegisterRequest"]["properties"]

        assert bool(re.search(members["amount"]["pattern"], amount)) is fits


class TestTheDocsPage:
    def test_is_served_in_a_language(self) -> None:
        response = Client().get("/api/docs/")

        assert response.status_code == 200
        assert '<html lang="en"' in response.content.decode()

    def test_needs_nothing_that_the_content_security_policy_forbids(self) -> None:
        response = Client().get("/api/docs/")

        page = response.content.decode()
        assert "'unsafe-inline'" not in response["Content-Security-Policy"]
        assert "<style" not in page
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
