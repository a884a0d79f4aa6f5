"""Forms of the Django admin: shops and statement formats."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from payments.domain.money import MoneyRefused, currency_digits
from payments.domain.statement import layout_faults
from payments.models import Shop, StatementFormat
from payments.models.shop import ANY_CURRENCY
from psp_clients.registry import PSPS


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
    """A shop, but for what two people change in the mid-office: keys, secrets, refund limits."""

    return_origins = OriginsField(
        help_text="Exact origins (https://shop.example) that return URLs may have, one a line."
    )
    notification_url = forms.URLField(
        label="Notification URL",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="Where the shop is told of its purchases, signed; nowhere where this is empty.",
    )

    class Meta:
        model = Shop
        fields = (
            "name",
            "return_origins",
            "routing",
            "notification_url",
            "late_success",
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


def _refuse_unknown_currency(code: str) -> None:
    if code == ANY_CURRENCY:
        return
    try:
        currency_digits(code)
    except MoneyRefused as refused:
        raise ValidationError(f"{code!r}: {refused.reason}") from refused


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
