"""manage.py doctor..."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from django.utils import timezone

from payments.broker import broker
from payments.circuit import Circuit
from payments.doctor import Diagnosis, Verdict, diagnose
from payments.psp import psp_client
from psp_clients.registry import PSPS
from psp_clients.settings import Mode
from tests.builders import make_shop
from tests.contract.servers import ReplayingPsp, Reply, unused_url
from tests.hosted import client as hosted
from tests.house.environments import PRODUCTION, manage, settings_with

PUBLIC = "https://pay.example.com"


@pytest.fixture(autouse=True)
def installation(settings: Any, db: None) -> Iterator[Any]:
    """Return settings like a production's, as far as the doctor reads them."""
    settings.DEBUG = True  # what deployments are checked for is tried in a process of its own
    settings.BPS_PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["pay.example.com"]
    psp_client.cache_clear()
    yield settings
    psp_client.cache_clear()


def found(what: str, *, ask_psps: bool = False, now: datetime | None = None) -> Diagnosis:
    """Return the one thing that is said of something."""
    [one] = [
        one for one in diagnose(ask_psps=ask_psps, now=now or timezone.now()) if one.what == what
    ]
    return one


class TestInAProcessOfItsOwn:
    def test_finds_nothing_at_fault_where_nothing_is(self, process_environment: dict[str, str]):
        here = {name: process_environment[name] for name in ("DATABASE_URL", "REDIS_URL")}

        seen = manage("doctor", environment={**PRODUCTION, **here})

        lines = seen.stdout.splitlines()
        assert (seen.returncode, seen.stderr) == (0, "")
        assert lines[0] == "ok     environment: every variable is there and can be right"
        assert (
            "ok     sandbox: webhooks: https://pay.example.com/webhooks/sandbox/: "
            "enter it at the PSP, exactly so"
        ) in lines
        assert {line[:5].strip() for line in lines if not line.startswith(" ")} == {"ok", "warn"}

    def test_leaves_a_start_with_missing_variables_to_the_start(self):
        seen = manage("doctor", environment={**PRODUCTION, "SANDBOX_PSP_API_KEY": ""})

        assert seen.returncode == 1
        assert "SANDBOX_PSP_API_KEY is missing" in seen.stderr


class TestWhereNobodyListens:
    @pytest.fixture(autouse=True)
    def _servers_of_production(self, installation: Any) -> Iterator[None]:
        read = settings_with(PRODUCTION)
        installation.REDIS_URL = read["REDIS_URL"]
        here, away = connections[DEFAULT_DB_ALIAS], connection.copy()
        away.settings_dict |= read["DATABASES"]["default"]
        connections[DEFAULT_DB_ALIAS] = away
        broker.cache_clear()
        yield
        broker.cache_clear()
        connections[DEFAULT_DB_ALIAS] = here

    def test_names_what_is_at_fault_and_ends_with_1(self):
        said = StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("doctor", stdout=said)

        assert ended.value.code == 1
        assert "\nfault  database: cannot be reached (" in said.getvalue()
        assert "\n       → Start PostgreSQL, or mend DATABASE_URL." in said.getvalue()
        assert "\nwarn   broker: Valkey or Redis does not answer" in said.getvalue()
        assert "pass-word" not in said.getvalue()


class TestOfTheEnvironment:
    def test_tells_what_the_system_checks_tell(self, installation: Any):
        installation.BPS_CRASH_AT = "nowhere:1"

        told = list(diagnose(ask_psps=False, now=timezone.now()))

        assert (
            Diagnosis(
                Verdict.FAULT,
                "environment",
                "BPS_CRASH_AT names 'nowhere', which is no crash point",
                next(one.to_do for one in told if "nowhere" in one.found),
            )
            in told
        )


class TestOfTestAndLiveAccounts:
    def use(self, installation: Any, monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
        monkeypatch.setitem(PSPS, "hosted", hosted)
        monkeypatch.setattr(hosted, "mode", lambda _: mode)
        installation.HOSTED_URL, installation.HOSTED_API_KEY = "https://hosted.example", "k"
        installation.HOSTED_SHAPE = "asked"
        installation.BPS_PSPS = ["sandbox", "hosted"]

    def test_finds_both_kinds_at_once_at_fault(
        self, installation: Any, monkeypatch: pytest.MonkeyPatch
    ):
        self.use(installation, monkeypatch, Mode.LIVE)

        one = found("test and live")

        assert (one.verdict, one.found) == (Verdict.FAULT, "live: hosted; for tests: sandbox")
        assert found("hosted: account").found == "moves real money; its page charges"

    def test_takes_one_kind(self, installation: Any, monkeypatch: pytest.MonkeyPatch):
        self.use(installation, monkeypatch, Mode.TEST)

        assert found("test and live").verdict is Verdict.OK

    def test_finds_a_value_that_cannot_be_one(self, installation: Any):
        installation.SANDBOX_PSP_API_KEY = "a key with blanks"

        one = found("sandbox: account")

        assert one.verdict is Verdict.FAULT
        assert "a key with blanks" not in one.found

    def test_warns_of_shops_that_are_routed_elsewhere(self):
        make_shop(routing={"*": ["sandbox"], "USD": ["formerly"]})

        assert found("routing").found == "shops are routed to PSPs that are not in use: formerly"


class TestOfTheWebhookAddress:
    @pytest.mark.parametrize(
        ("url", "verdict"),
        [
            (PUBLIC, Verdict.OK),
            ("https://pay.example.com:8443", Verdict.WARN),
            ("http://pay.example.com", Verdict.WARN),
            ("https://localhost", Verdict.FAULT),
            ("https://bps.internal", Verdict.FAULT),
            ("https://bps", Verdict.FAULT),
            ("https://10.0.0.7", Verdict.FAULT),
            ("https://[::1]", Verdict.FAULT),
            ("https://other.example.com", Verdict.FAULT),
        ],
    )
    def test_judges_whether_a_psp_can_use_it(self, installation: Any, url: str, verdict: Verdict):
        installation.BPS_PUBLIC_URL = url

        assert found("sandbox: webhooks").verdict is verdict


class TestOfTheDatabase:
    def test_finds_missing_migrations(self, monkeypatch: pytest.MonkeyPatch):
        plan = "django.db.migrations.executor.MigrationExecutor.migration_plan"
        monkeypatch.setattr(plan, lambda *_: ["one", "two"])

        one = found("database")

        assert (one.verdict, one.found) == (Verdict.FAULT, "2 migrations are missing")

    def test_finds_it_away_without_a_traceback(self, monkeypatch: pytest.MonkeyPatch):
        def be_away() -> None:
            raise OperationalError("connection refused\nIs the server running?")

        with monkeypatch.context() as patch:
            patch.setattr(connection, "cursor", be_away)
            one = found("database")

        assert (one.verdict, one.found) == (
            Verdict.FAULT,
            "cannot be reached (connection refused)",
        )

    @pytest.mark.parametrize(
        ("seconds", "verdict", "said"),
        [
            (60, Verdict.WARN, "behind"),
            (-60, Verdict.WARN, "ahead"),
            (300, Verdict.FAULT, "behind"),
        ],
    )
    def test_compares_clocks(self, seconds: int, verdict: Verdict, said: str):
        one = found("clock, against PostgreSQL's", now=timezone.now() - timedelta(seconds=seconds))

        by, _, direction = one.found.partition(" s ")
        assert (one.verdict, direction) == (verdict, said)
        assert abs(int(by) - abs(seconds)) <= 20  # as long as a busy machine may take to look

    def test_finds_clocks_that_agree(self):
        assert found("clock, against PostgreSQL's", now=timezone.now()).verdict is Verdict.OK


class TestOfTheBroker:
    def test_finds_it_there(self):
        assert found("broker").verdict is Verdict.OK

    def test_warns_where_it_is_away(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(broker(), "is_away", lambda: True)

        assert found("broker").verdict is Verdict.WARN


class TestOfAPspThatItAsks:
    @pytest.fixture
    def psp(self, installation: Any) -> Iterator[ReplayingPsp]:
        server = ReplayingPsp()
        installation.SANDBOX_PSP_URL = server.url
        yield server
        server.stop()

    # The doctor runs outside any transaction, and the transport insists on it.
    pytestmark = pytest.mark.django_db(transaction=True)

    def ask(self, psp: ReplayingPsp, **headers: str) -> Diagnosis:
        psp.will_answer(Reply(404, {}, headers))
        return found("sandbox: reached", ask_psps=True)

    def test_shows_no_key(self, psp: ReplayingPsp):
        self.ask(psp)

        [seen] = psp.requests
        assert (seen.method, seen.path) == ("GET", "/")
        assert "authorization" not in seen.headers

    @pytest.mark.parametrize(
        ("minutes", "verdict"), [(0, Verdict.OK), (2, Verdict.WARN), (-10, Verdict.FAULT)]
    )
    def test_compares_its_clock(self, psp: ReplayingPsp, minutes: int, verdict: Verdict):
        its_clock = datetime.now(UTC) + timedelta(minutes=minutes)

        assert self.ask(psp, Date=format_datetime(its_clock, usegmt=True)).verdict is verdict

    def test_takes_one_that_does_not_tell_its_time(self, psp: ReplayingPsp):
        assert self.ask(psp).found == "answers, without telling its time"

    def test_finds_it_away(self, installation: Any):
        with unused_url() as installation.SANDBOX_PSP_URL:
            one = found("sandbox: reached", ask_psps=True)

        assert (one.verdict, one.found) == (
            Verdict.FAULT,
            "fetch: nothing was sent (ConnectionRefusedError)",
        )
        Circuit("sandbox").reset()

    def test_is_not_asked_unless_it_shall_be(self, psp: ReplayingPsp):
        list(diagnose(ask_psps=False, now=timezone.now()))

        assert psp.connections == 0
