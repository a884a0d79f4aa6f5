"""API keys: nothing is open, and a key opens only what its shop and scopes allow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments.models import PaymentSession, Scope, Shop, ShopApiKey
from tests.api.answers import each_refused, problem, refused
from tests.api.caller import Caller
from tests.builders import make_session

pytestmark = pytest.mark.django_db

Call = Callable[[Caller, PaymentSession], Any]
READS: dict[str, Call] = {
    "list": lambda api, _session: api.get(),
    "read": lambda api, session: api.get(f"/{session}"),
    "events": lambda api, session: api.get(f"/{session}/events"),
}
WRITES: dict[str, Call] = {
    "register": lambda api, _session: api.register(),
    "buy-now": lambda api, session: api.buy(session),
    "cancel": lambda api, session: api.send("POST", f"/{session}/cancel", {}),
    "refresh": lambda api, session: api.send("POST", f"/{session}/refresh", {}),
}
ENDPOINTS: dict[str, Call] = READS | WRITES


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a session of the shop."""
    return make_session(shop=shop)


def refused_at(
    endpoints: dict[str, Call], caller: Caller, session: PaymentSession, status: int, slug: str
) -> set[str]:
    """Expect that each endpoint refuses the key of a caller; return what is said of it."""
    answers = each_refused(
        lambda name: endpoints[name](caller, session), endpoints, status, slug, "Authorization"
    )
    return {answer["detail"] for answer in answers}


class TestARequest:
    def test_without_a_key_is_refused(self, session: PaymentSession) -> None:
        assert refused_at(ENDPOINTS, Caller(), session, 401, "not-authenticated") == {
            "There is no API key. Send `Authorization: Api-Key <key>`."
        }

    def test_with_an_unknown_key_is_refused(self, session: PaymentSession) -> None:
        caller = Caller("12345678.abcdefghijklmnopqrstuvwxyz012345")

        assert refused_at(ENDPOINTS, caller, session, 401, "not-authenticated") == {
            "The API key is unknown, revoked or expired."
        }

    def test_without_a_key_is_told_how_to_authenticate(self) -> None:
        assert Caller().get()["WWW-Authenticate"] == "Api-Key"

    def test_with_a_malformed_key_is_refused(self) -> None:
        headers = [
            "Api-Key",
            "Api-Key ",
            "Api-Key .",
            "Api-Key abc",
            "Api-Key abc.",
            "Api-Key .abc",
            "Api-Key \xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9.\xe9",
            "Api-Key " + "a" * 4000,
            "Api-Key 12345678." + "a" * 4000,
            "Api-Key ' OR 1=1 --",
            "Api-Key a b c",
        ]

        each_refused(
            lambda header: Caller().get(Authorization=header),
            headers,
            401,
            "not-authenticated",
            "Authorization",
        )

    def test_with_another_scheme_is_refused(self, api: Caller) -> None:
        for scheme in ("Bearer", "Basic", "Api_Key", "ApiKey", ""):
            header = f"{scheme} {api.key}"
            problem(Caller().get(Authorization=header), 401, "not-authenticated", "Authorization")

    def test_may_write_the_scheme_in_any_case(self, api: Caller) -> None:
        assert Caller().get(Authorization=f"API-KEY  {api.key} ").status_code == 200

    def test_with_half_a_key_is_refused(self, api: Caller) -> None:
        prefix, _, secret = api.key.partition(".")
        for half in (
            prefix,
            secret,
            f"{prefix}.",
            f"{prefix}.{secret[:-1]}",
            f"{prefix}.{secret}x",
        ):
            problem(Caller(half).get(), 401, "not-authenticated", "Authorization")


class TestAKey:
    def test_that_was_revoked_opens_nothing(self, api: Caller, session: PaymentSession) -> None:
        ShopApiKey.objects.update(revoked=True)

        refused_at(ENDPOINTS, api, session, 401, "not-authenticated")

    def test_that_has_expired_opens_nothing(self, api: Caller, session: PaymentSession) -> None:
        ShopApiKey.objects.update(expiry_date=timezone.now() - timedelta(microseconds=1))

        refused(lambda: api.buy(session), 401, "not-authenticated", "Authorization")

    def test_that_will_expire_still_opens(self, api: Caller) -> None:
        ShopApiKey.objects.update(expiry_date=timezone.now() + timedelta(minutes=1))

        assert api.get().status_code == 200

    def test_for_reading_cannot_write(self, api: Caller, session: PaymentSession) -> None:
        ShopApiKey.objects.update(scopes=[Scope.READ])

        said = refused_at(WRITES, api, session, 403, "not-allowed")

        assert said == {"This API key may not do that."}

    def test_for_writing_cannot_read(self, api: Caller, session: PaymentSession) -> None:
        ShopApiKey.objects.update(scopes=[Scope.WRITE])

        refused_at(READS, api, session, 403, "not-allowed")

    def test_without_scopes_opens_nothing(self, api: Caller, session: PaymentSession) -> None:
        ShopApiKey.objects.update(scopes=[])

        refused_at(ENDPOINTS, api, session, 403, "not-allowed")

    def test_is_stored_as_a_hash_alone(self, api: Caller) -> None:
        secret = api.key.partition(".")[2]

        [row] = ShopApiKey.objects.values()

        assert secret not in str(row)

    @pytest.mark.parametrize(
        ("used", "noted"),
        [(None, True), (timedelta(hours=1), True), (timedelta(minutes=59), False)],
        ids=["never", "an hour ago", "less than an hour ago"],
    )
    def test_notes_its_use_once_an_hour(
        self, used: timedelta | None, noted: bool, api: Caller
    ) -> None:
        before = timezone.now()
        at = None if used is None else before - used
        ShopApiKey.objects.update(last_used_at=at)

        assert api.get().status_code == 200

        last = ShopApiKey.objects.get().last_used_at
        assert last is not None
        assert (last >= before) if noted else (last == at)
