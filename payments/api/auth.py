"""Who is asking: a shop, by its API key. Nothing is open by default."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from payments.models import Scope, Shop, ShopApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView  # importing it here would go round in a circle

SCHEME = "Api-Key"
USE_NOTED_EVERY: Final = timedelta(hours=1)


class ApiCaller:
    """A shop as a request's user. It can do nothing in the mid-office."""

    is_authenticated = True
    is_staff = False
    is_active = True

    def __init__(self, shop: Shop, scopes: list[str]) -> None:
        self.pk = shop.pk
        self.shop = shop
        self.scopes = scopes


class ApiKeyAuthentication(BaseAuthentication):
    """Reads `Authorization: Api-Key <key>`. One statement finds the key and its shop."""

    def authenticate(self, request: Request) -> tuple[ApiCaller, ShopApiKey] | None:
        """Return the shop that a key speaks for; None without a key of our scheme."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        key = _find(given.strip())
        now = timezone.now()
        if key is None or _is_over(key, now):
            raise AuthenticationFailed("The API key is unknown, revoked or expired.")
        _note_use(key, now)
        return ApiCaller(key.shop, key.scopes), key

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 says about how to authenticate."""
        return SCHEME


def _find(given: str) -> ShopApiKey | None:
    if not given.isascii() or "\x00" in given:
        return None
    try:
        key = ShopApiKey.objects.get_from_key(given)
    except ShopApiKey.DoesNotExist:
        return None
    return cast("ShopApiKey", key)


def _is_over(key: ShopApiKey, now: datetime) -> bool:
    return key.expiry_date is not None and key.expiry_date <= now


def _note_use(key: ShopApiKey, now: datetime) -> None:
    """Remember that a key is in use: once an hour, so that requests do not wait for each other."""
    noted = key.last_used_at
    if noted is None or noted <= now - USE_NOTED_EVERY:
        # Of those who come at once, the first notes it, and the others find it noted.
        ShopApiKey.objects.filter(pk=key.pk, last_used_at=noted).update(last_used_at=now)


class ShopPermission(BasePermission):
    """Lets a key do what its scopes say: read for GET, write for all else."""

    message = "This API key may not do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller is a shop whose key has the scope."""
        needed = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        caller: Any = request.user
        return isinstance(caller, ApiCaller) and needed in caller.scopes


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the API key in the schema."""

    target_class = "payments.api.auth.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI form of the scheme."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Api-Key <key>`",
        }
