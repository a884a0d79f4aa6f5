"""Forms of the Django admin: shops, their keys, statements. Secrets never come out again."""

from __future__ import annotations

import base64
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from payments.domain.money import MoneyRefused, currency_digits, parse_money
from payments.domain.statement import layout_faults
from payments.models import Scope, Shop, ShopApiKey, StatementFormat
from payments.models.shop import ANY_CURRENCY
from psp_clients.registry import PSPS

LIVE_SECRETS: Final = 2
SECRET_BYTES: Final = range(24, 65)  # Standard Webhooks asks for 24 to 64 random bytes


class OriginsField(forms.CharField):
    """Exact origins, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Show stored origins one a line."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the origins, refusing all that is more than scheme, host and port."""
        origins = (super().to_python(value) or "").split()
        for origin in origins:
            parts = urlsplit(origin)
            exact = f"{parts.scheme}://{parts.netloc}"
            if parts.scheme not in ("https", "http") or not parts.hostname or origin != exact:
                raise ValidationError(f"{origin!r} is not of the form https://shop.example")
            if "@" in parts.netloc:
                raise ValidationError("An origin holds no credentials.")
        return origins


class ShopForm(forms.ModelForm):  # type: ignore[type-arg]
    """A shop. Its secrets are not shown; a new one pushes the oldest of two out."""

    return_origins = OriginsField(
        help_text="Exact origins (https://shop.example) that return URLs may have, one a line."
    )
    notification_url = forms.URLField(required=False, max_length=500, assume_scheme="https")
    new_notification_secret = forms.CharField(
        required=False,
        max_length=120,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="whsec_… signs notifications from now on, beside the newest of those before, "
        "so that the shop can change over. Leave empty to change nothing.",
    )

    class Meta:
        model = Shop
        fields = (
            "name",
            "return_origins",
            "routing",
            "notification_url",
            "new_notification_secret",
            "late_success",
            "refund_limits",
        )

    def clean_routing(self) -> Any:
        """Refuse routes for no currency, or to PSPs that there are no clients for."""
        routing = self.cleaned_data["routing"]
        if not isinstance(routing, dict):
            raise ValidationError('It must look like {"*": ["sandbox"]}.')
        for currency, psps in routing.items():
            _refuse_unknown_currency(currency)
            if not isinstance(psps, list) or not all(psp in PSPS for psp in psps):
                known = ", ".join(sorted(PSPS))
                raise ValidationError(f"{currency}: must be a list of PSPs out of {known}.")
        return routing

    def clean_refund_limits(self) -> Any:
        """Refuse limits that are no money."""
        limits = self.cleaned_data["refund_limits"] or {}
        if not isinstance(limits, dict):
            raise ValidationError('It must look like {"EUR": "100.00"}.')
        try:
            return {code: parse_money(sum_, code).amount for code, sum_ in limits.items()}
        except MoneyRefused as refused:
            raise ValidationError(f"{refused.field}: {refused.reason}.") from refused

    def clean_new_notification_secret(self) -> str:
        """Refuse what Standard Webhooks could not sign with."""
        secret: str = self.cleaned_data["new_notification_secret"]
        if secret and not _is_webhook_secret(secret):
            raise ValidationError("It must be whsec_ and the base64 of 24 to 64 random bytes.")
        return secret

    def save(self, commit: bool = True) -> Shop:  # noqa: FBT001, FBT002 - Django's own signature
        """Put the new secret, if any, before those that live."""
        secret = self.cleaned_data["new_notification_secret"]
        if secret:
            live = [secret, *self.instance.notification_secrets]
            self.instance.notification_secrets = live[:LIVE_SECRETS]
        shop: Shop = super().save(commit)
        return shop


class ShopApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """An API key, with its scopes to tick."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=list(Scope.values)
    )

    class Meta:
        model = ShopApiKey
        fields = ("shop", "name", "scopes", "expiry_date", "revoked")


def _refuse_unknown_currency(code: str) -> None:
    if code == ANY_CURRENCY:
        return
    try:
        currency_digits(code)
    except MoneyRefused as refused:
        raise ValidationError(f"{code!r}: {refused.reason}") from refused


def _is_webhook_secret(secret: str) -> bool:
    prefix, _, encoded = secret.partition("_")
    try:
        return prefix == "whsec" and len(base64.b64decode(encoded, validate=True)) in SECRET_BYTES
    except ValueError:
        return False


class StatementFormatForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where a PSP's statements have what: only what a statement can be read by."""

    psp = forms.ChoiceField(label="PSP", choices=[(name, name) for name in sorted(PSPS)])
    delimiter = forms.CharField(max_length=1, initial=",", strip=False)

    class Meta:
        model = StatementFormat
        fields = (
            "psp",
            "name",
            "columns",
            "kind_words",
            "status_words",
            "delimiter",
            "decimal_mark",
            "date_format",
        )

    def clean(self) -> dict[str, Any]:
        """Refuse, field by field, what no statement could be read by."""
        given = super().clean() or self.cleaned_data
        if not self.errors:
            layout = StatementFormat(**given).layout
            for name, fault in layout_faults(layout):
                self.add_error(name, fault)
        return given
