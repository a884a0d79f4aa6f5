"""A start with a wrong environment names everything that is wrong; with a right one it works."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.checks import run_checks

from config.environment import Environment
from config.psps import read_psp_settings
from config.settings import environment as read_at_start
from psp_clients.registry import PSPS, variable
from psp_clients.settings import Mode, Setting
from tests.house.environments import (
    PRODUCTION,
    faults_in,
    faults_of,
    manage,
    settings_with,
    shown_in_example,
)


def test_without_variables_names_all_that_are_missing():
    start = manage("check", environment={})

    assert (start.returncode, start.stdout) == (1, "")
    assert faults_in(start.stderr) == [
        "SECRET_KEY is missing",
        "ALLOWED_HOSTS is missing",
        "DATABASE_URL is missing",
        "REDIS_URL is missing",
        "BPS_PUBLIC_URL is missing",
        "BPS_PSPS is missing",
    ]


def test_with_wrong_variables_names_each_of_them_without_its_value():
    faults = faults_of(
        {
            "DEBUG": "perhaps",
            "SECRET_KEY": "short",
            "ALLOWED_HOSTS": " , ",
            "DATABASE_URL": "mysql://bps:pass-word@localhost/bps",
            "REDIS_URL": "http://localhost",
            "BPS_PUBLIC_URL": "http://pay.example.com/bps",
            "BPS_BEHIND_TLS_PROXY": "maybe",
            "BPS_PSPS": "sandbox",
            "BPS_BUY_NOW_BUDGET_SECONDS": "-1",
            "BPS_PSP_CONNECT_TIMEOUT_SECONDS": "soon",
            "BPS_PSP_MONEY_TIMEOUT_SECONDS": "inf",
            "BPS_PSP_LOOKUP_TIMEOUT_SECONDS": "0",
            "BPS_LEASE_SECONDS": "20",
            "BPS_SWEEP_SECONDS": "nan",
            "BPS_SCHEDULE_SPEED": "10",
            "BPS_NOTIFY_PRIVATE_ADDRESSES": "2",
            "BPS_STATEMENT_TIMEOUT_SECONDS": "1.5",
            "BPS_CRASH_AT": "before_send:1",
            "BPS_MONEY_NEEDS_SECOND_FACTOR": "off",
            "SANDBOX_PSP_ALLOWED": "off",
            "SANDBOX_PSP_URL": "ftp://psp.example.com",
            "SANDBOX_PSP_WEBHOOK_SECRETS": "whsec_c2hvcnQ=",
        }
    )

    assert sorted(faults) == [
        "ALLOWED_HOSTS must name at least one",
        "BPS_BEHIND_TLS_PROXY must be on or off",
        "BPS_BUY_NOW_BUDGET_SECONDS must be a positive number",
        "BPS_CRASH_AT must be empty while DEBUG is off",
        (
            "BPS_LEASE_SECONDS must outlast a PSP call (connect and money timeout), "
            "or the call would be made twice"
        ),
        "BPS_MONEY_NEEDS_SECOND_FACTOR must be on while DEBUG is off",
        "BPS_NOTIFY_PRIVATE_ADDRESSES must be on or off",
        "BPS_PSP_CONNECT_TIMEOUT_SECONDS must be a positive number",
        "BPS_PSP_LOOKUP_TIMEOUT_SECONDS must be a positive number",
        "BPS_PSP_MONEY_TIMEOUT_SECONDS must be a positive number",
        "BPS_PUBLIC_URL must be scheme://host[:port] and nothing more",
        "BPS_SCHEDULE_SPEED must be 1 while DEBUG is off",
        "BPS_STATEMENT_TIMEOUT_SECONDS must be a whole number, 0 or more",
        "BPS_SWEEP_SECONDS must be a positive number",
        "DATABASE_URL must be a postgres:// URL: BPS runs on PostgreSQL alone",
        "DEBUG must be on or off",
        (
            "REDIS_URL must be redis://[user:password@]host[:port][/database], the same with "
            "rediss://, or unix://[user:password@]/path/to/socket[?db=database]"
        ),
        (
            "SANDBOX_PSP_ALLOWED must be on to use the sandbox PSP, "
            "which takes no real money, while DEBUG is off"
        ),
        "SANDBOX_PSP_API_KEY is missing, and BPS_PSPS names sandbox: what we show it",
        "SANDBOX_PSP_URL must be http(s)://host[:port][/path], without credentials or query",
        (
            "SANDBOX_PSP_WEBHOOK_SECRETS must hold secrets "
            "of the form whsec_<base64 of 24 to 64 random bytes>, separated by commas"
        ),
        "SECRET_KEY must have 50 characters or more while DEBUG is off",
    ]


def test_in_production_refuses_plain_http():
    assert faults_of({**PRODUCTION, "BPS_PUBLIC_URL": "http://pay.example.com"}) == [
        "BPS_PUBLIC_URL must be https while DEBUG is off"
    ]


def test_limits_logins_by_the_word_of_no_more_proxies_than_there_are():
    trusted = {
        switch: settings_with({**PRODUCTION, "BPS_BEHIND_TLS_PROXY": switch})[
            "ALLAUTH_TRUSTED_PROXY_COUNT"
        ]
        for switch in ("off", "on")
    }

    assert trusted == {"off": 0, "on": 1}


def test_in_production_passes_every_deployment_check():
    start = manage("check", "--deploy", "--fail-level=INFO", environment=PRODUCTION)

    assert (start.returncode, start.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    ), start.stderr


def test_without_the_sandbox_asks_for_none_of_its_variables(settings: Any):
    sandbox_free = {
        name: value for name, value in PRODUCTION.items() if not name.startswith("SANDBOX_")
    }

    # A name that no PSP client has is refused later, by a check that knows the clients.
    settings.BPS_PSPS = settings_with({**sandbox_free, "BPS_PSPS": "other"})["BPS_PSPS"]

    assert [fault.id for fault in run_checks()] == ["payments.E001"]


OF_PSPS = {variable(psp, one.name): one for psp in PSPS for one in PSPS[psp].SETTINGS}


def test_every_variable_is_explained_in_the_example():
    assert sorted(shown_in_example()) == sorted({*read_at_start.names, *OF_PSPS})


def test_the_example_shows_what_each_psp_is_told_by_default():
    shown = {name: value for name, value in shown_in_example().items() if name in OF_PSPS}

    assert shown == {name: setting.default or "" for name, setting in OF_PSPS.items()}


def test_with_every_psp_in_use_names_whatever_each_was_not_told():
    needed = {name for name, setting in OF_PSPS.items() if setting.default is None}
    told = {name: value for name, value in PRODUCTION.items() if name not in OF_PSPS}

    missing = {fault.partition(" ")[0] for fault in faults_of({**told, "BPS_PSPS": ",".join(PSPS)})}

    assert missing == needed


def test_the_example_shows_the_defaults():
    defaults = _printed(settings_with(PRODUCTION))

    as_shown = _printed(settings_with({**shown_in_example(), **PRODUCTION}))

    assert as_shown == defaults


def _printed(values: dict[str, Any]) -> dict[str, str]:
    """Return values as they print, without the addresses of objects, which differ each time."""
    return {name: re.sub(r" at 0x\w+", "", repr(value)) for name, value in values.items()}


def test_refuses_accounts_that_move_real_money_while_debugging(monkeypatch: pytest.MonkeyPatch):
    environment = reading_of(ImaginaryPsp(Mode.LIVE), monkeypatch, debug=True)

    assert environment.faults == {
        "BPS_PSPS": "names imaginary with live keys, which move real money: "
        "refused while DEBUG is on"
    }


@pytest.mark.parametrize(("mode", "debug"), [(Mode.LIVE, False), (Mode.TEST, True)])
def test_takes_live_keys_in_earnest_and_test_keys_in_play(
    monkeypatch: pytest.MonkeyPatch, mode: Mode, debug: bool
):
    assert reading_of(ImaginaryPsp(mode), monkeypatch, debug=debug).faults == {}


class ImaginaryPsp:
    SETTINGS = (Setting("URL", "where it is"), Setting("API_KEY", "what we show", is_secret=True))

    def __init__(self, mode: Mode) -> None:
        self._mode = mode

    def mode(self, values: Mapping[str, str]) -> Mode:
        assert values == {"URL": "https://psp.example", "API_KEY": "a-key"}
        return self._mode


def reading_of(psp: ImaginaryPsp, monkeypatch: pytest.MonkeyPatch, *, debug: bool) -> Environment:
    monkeypatch.setitem(PSPS, "imaginary", psp)
    monkeypatch.setenv("IMAGINARY_URL", "https://psp.example")
    monkeypatch.setenv("IMAGINARY_API_KEY", "a-key")
    environment = Environment()
    read = read_psp_settings(environment, ["imaginary", "unheard-of"], debug=debug)
    assert read == {"IMAGINARY_URL": "https://psp.example", "IMAGINARY_API_KEY": "a-key"}
    return environment
