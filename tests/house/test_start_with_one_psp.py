"""A start with .env.example and the test keys of any one PSP: they are all that is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment
from config.psps import read_psp_settings
from payments.psp import psp_client, psp_mode
from psp_clients.registry import PSPS, variable
from psp_clients.settings import Mode
from tests.house.environments import PRODUCTION, settings_with, shown_in_example

# Of the form that each PSP hands out, and nobody's.
TEST_KEYS = {
    "adyen": {
        "ADYEN_API_KEY": "AQEnobody's+key/of+an+API+credential=",
        "ADYEN_MERCHANT_ACCOUNT": "NobodyECOM",
        "ADYEN_HMAC_KEYS": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    },
    "mollie": {"MOLLIE_API_KEY": "test_" + "nobody" * 5},
    "paypal": {
        "PAYPAL_CLIENT_ID": "A" + "nobody" * 13,
        "PAYPAL_CLIENT_SECRET": "E" + "nobody" * 13,
        "PAYPAL_WEBHOOK_ID": "1JE4291016473214C",
    },
    "sandbox": {
        "SANDBOX_PSP_ALLOWED": "on",
        "SANDBOX_PSP_URL": "https://psp.example.com/psp",
        "SANDBOX_PSP_API_KEY": "nobody",
        "SANDBOX_PSP_WEBHOOK_SECRETS": "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk=",
    },
    "stripe": {
        "STRIPE_API_KEY": "sk_test_" + "nobody" * 5,
        "STRIPE_WEBHOOK_SECRETS": "whsec_" + "nobody" * 5,
    },
}
OF_ANY_PSP = {name for psp in PSPS for name in shown_in_example() if name.startswith(psp.upper())}
REQUIRED = [
    (psp, variable(psp, one.name))
    for psp in PSPS
    for one in PSPS[psp].SETTINGS
    if one.default is None
]


def example_of(psp: str) -> dict[str, str]:
    """Return .env.example as whoever uses one PSP fills it in: ourselves, and its keys."""
    ourselves = {name: value for name, value in PRODUCTION.items() if name not in OF_ANY_PSP}
    return {**shown_in_example(), **ourselves, "BPS_PSPS": psp, **TEST_KEYS[psp]}


@pytest.fixture
def _clients_made_anew() -> Iterator[None]:
    psp_client.cache_clear()
    yield
    psp_client.cache_clear()


@pytest.mark.usefixtures("_clients_made_anew")
@pytest.mark.parametrize("psp", PSPS)
def test_makes_a_client_of_that_psp_which_moves_no_real_money(psp: str, settings: Any):
    read = settings_with(example_of(psp))
    for name in {"BPS_PSPS", *OF_ANY_PSP}:
        if hasattr(settings, name):
            delattr(settings, name)  # what this process was started with
        if name in read:
            setattr(settings, name, read[name])

    assert run_checks() == []
    assert psp_client(psp).name == psp
    assert psp_mode(psp) is Mode.TEST


@pytest.mark.parametrize(("psp", "name"), REQUIRED)
def test_names_the_one_key_that_is_missing(psp: str, name: str, monkeypatch: pytest.MonkeyPatch):
    for variable_name, value in {**example_of(psp), name: ""}.items():
        monkeypatch.setenv(variable_name, value)
    environment = Environment()

    read_psp_settings(environment, [psp], debug=False)

    with pytest.raises(
        ImproperlyConfigured, match=f"{name} is missing, and BPS_PSPS names {psp}: "
    ):
        environment.refuse_faults()
    assert list(environment.faults) == [name]
