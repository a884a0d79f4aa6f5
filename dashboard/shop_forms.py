"""What staff type in to ask for a shop's keys, secrets and refund limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from dashboard.act_forms import ReasonForm, instant_field
from dashboard.visible import visible
from payments.domain.money import MoneyRefused, parse_money
from payments.models import Scope, Shop, ShopApiKey

LABEL_LENGTH: Final = 50  # what the library's column holds
# In hours. A shop needs a deployment to change over; a secret that leaked must sign no longer.
OVERLAPS: Final = {
    "24": "for a day",
    "168": "for a week",
    "1": "for an hour",
    "0": "not at all: it is known to others",
}


class ApiKeyForm(ReasonForm):
    """A key that is to be made."""

    label = forms.CharField(
        label="Label",
        max_length=LABEL_LENGTH,
        help_text="By which people know it.",
    )
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(Scope.values),
    )
    expires_at = instant_field("Valid until", required=False, help_text="Empty: until revoked.")

    def clean_expires_at(self) -> Any:
        """Refuse what is over."""
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("Must lie ahead.")
        return expires_at


class KeyForm(ReasonForm):
    """One of a shop's good keys."""

    api_key = forms.ChoiceField(label="Key")

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        """Offer the keys that are not revoked."""
        super().__init__(*args, **kwargs)
        good: Any = ShopApiKey.objects.filter(shop=shop, revoked=False).order_by("-created")
        offered = [(key.prefix, f"{visible(key.name)} ({key.prefix}…)") for key in good]
        self.fields["api_key"].choices = offered  # type: ignore[attr-defined]


class RotationForm(ReasonForm):
    """How long the secret of before goes on signing."""

    overlap = forms.TypedChoiceField(
        label="The one before goes on signing beside it",
        choices=list(OVERLAPS.items()),
        coerce=lambda hours: timedelta(hours=int(hours)),
    )


class LimitsForm(ReasonForm):
    """Up to what one person may refund of a purchase alone."""

    limits = forms.CharField(
        label="Refund limits",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, as in EUR 100.00. A currency that is not named has no limit.",
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        """Begin with the limits as they are."""
        super().__init__(*args, **kwargs)
        limits = sorted(shop.refund_limits.items())
        self.initial["limits"] = "\n".join(f"{code} {amount}" for code, amount in limits)

    def clean_limits(self) -> dict[str, str]:
        """Return currency to sum. Refuse what is no money, and a currency named twice."""
        limits: dict[str, str] = {}
        for line in self.cleaned_data["limits"].splitlines():
            code, _, amount = line.strip().partition(" ")
            if code in limits:
                raise forms.ValidationError(f"{code} is named twice.")
            if code:
                limits[code] = _sum(amount.strip(), code)
        return limits


def _sum(amount: str, code: str) -> str:
    try:
        return parse_money(amount, code).amount
    except MoneyRefused as refused:
        raise forms.ValidationError(f"{code}: {refused.reason}.") from refused
