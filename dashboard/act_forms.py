"""What staff type in to act: always a reason, and a key by which a second submit is the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone

from dashboard.visible import visible
from payments.domain.money import MoneyRefused, parse_money
from payments.models import Shop
from payments.services.staff_rules import MOST_CHARACTERS
from psp_clients.evidence import holds_card_number


class ReasonForm(forms.Form):
    """Why something is done. `form_key` is made with the page and comes back with the form."""

    form_key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason", max_length=MOST_CHARACTERS, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the form a new key, unless it comes back with its own. Money fields come first."""
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid4())
        self.order_fields([name for name in self.fields if name != "reason"])

    def clean_reason(self) -> str:
        """Refuse card numbers, which BPS must never be given."""
        reason: str = self.cleaned_data["reason"]
        if holds_card_number(reason):
            raise forms.ValidationError("This looks like a card number.")
        return reason

    @property
    def key(self) -> str:
        """The key of a valid form."""
        return f"form:{self.cleaned_data['form_key']}"


class AmountForm(ReasonForm):
    """A sum in the purchase's currency; empty means all."""

    amount = forms.CharField(
        label="Amount", required=False, max_length=20, help_text="Leave empty for all."
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        """Take the currency that the sum is in."""
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].label = f"Amount in {currency}"

    def clean_amount(self) -> Decimal | None:
        """Return the sum as a number. Refuse what is no money of the currency."""
        sent: str = self.cleaned_data["amount"]
        if not sent:
            return None
        try:
            return Decimal(parse_money(sent, self.currency).amount)
        except MoneyRefused as refused:
            raise forms.ValidationError(refused.reason) from refused


class OwnerForm(ReasonForm):
    """To whom a case is given."""

    owner = forms.ModelChoiceField(
        label="Owner", queryset=User.objects.none(), required=False, empty_label="nobody"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer members of staff, and nobody else."""
        super().__init__(*args, **kwargs)
        staff = get_user_model().objects.filter(is_staff=True, is_active=True)
        self.fields["owner"].queryset = staff.order_by("username")  # type: ignore[attr-defined]


class PspForm(ReasonForm):
    """A PSP in use."""

    psp = forms.ChoiceField(label="PSP")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the PSPs in use."""
        super().__init__(*args, **kwargs)
        self.fields["psp"].choices = [(name, name) for name in settings.BPS_PSPS]  # type: ignore[attr-defined]


def instant_field(label: str, **more: Any) -> forms.DateTimeField:
    """Return a field of an instant. The browser knows no zone: what is typed is UTC."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(label=f"{label} (UTC)", widget=widget, **more)


class PeriodForm(PspForm):
    """A PSP, from when, and until before when."""

    since = instant_field("From")
    until = instant_field("Until before")

    def clean(self) -> dict[str, Any]:
        """Refuse a period that does not begin before it ends."""
        given = self.cleaned_data
        if "since" in given and "until" in given and given["since"] >= given["until"]:
            self.add_error("until", "Must be later than the beginning.")
        return given


class ShopField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Shops by their names, in which nothing hides."""

    def label_from_instance(self, shop: Shop) -> str:
        """Return a shop's name as it is shown elsewhere."""
        return visible(shop.name)


class ShopSinceForm(ReasonForm):
    """A shop, and from when on."""

    shop = ShopField(label="Shop", queryset=Shop.objects.all())
    since = instant_field("Since")

    def clean_since(self) -> Any:
        """Refuse what lies ahead."""
        if self.cleaned_data["since"] > timezone.now():
            raise forms.ValidationError("Must lie in the past.")
        return self.cleaned_data["since"]
