"""What the control acts take, whether it comes as JSON or from the control panel's forms."""

from typing import Any

from django import forms

from sandbox.psp.models import Conditions
from sandbox.psp.scenarios import BY_NAME

YEAR_SECONDS = 366 * 24 * 3600
MAX_SPEED = 100_000  # more than a day in a second; much more, and the calendar's end comes near


class ScenarioForm(forms.Form):
    """What shall happen on the purchase."""

    scenario = forms.ChoiceField(choices=[(name, name) for name in BY_NAME])


class ClockForm(forms.Form):
    """How the PSP's clock runs."""

    speed = forms.FloatField(
        label="Speed (1 is the wall's)", min_value=0, max_value=MAX_SPEED, required=False
    )
    advance_seconds = forms.FloatField(
        label="Put forward by seconds", min_value=0, max_value=YEAR_SECONDS, required=False
    )


class OutageForm(forms.Form):
    """For how long the PSP is away, and how that shows."""

    seconds = forms.FloatField(
        label="Away for seconds (0 ends it)", min_value=0, max_value=YEAR_SECONDS
    )
    mode = forms.ChoiceField(
        label="Calls end with",
        choices=[
            (Conditions.Outage.ERROR, "503: it may have happened"),
            (Conditions.Outage.NOTHING_HAPPENED, "503: nothing happened"),
            (Conditions.Outage.DROP, "a dropped connection"),
        ],
        required=False,
    )


class FaultsForm(forms.Form):
    """How often purchases meet which scenario by chance."""

    rates = forms.JSONField(
        label="Rates per scenario",
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text='For example {"charge_then_drop": 0.1}. Empty ends it.',
    )
    seed = forms.IntegerField(label="Seed", required=False, min_value=-(2**31), max_value=2**31)

    def clean_rates(self) -> dict[str, float]:
        """Accept known scenarios with chances that add up to at most one."""
        rates: Any = self.cleaned_data["rates"] or {}
        known = isinstance(rates, dict) and rates.keys() <= BY_NAME.keys()
        if not known or not all(_is_chance(rate) for rate in rates.values()):
            raise forms.ValidationError("Must give known scenarios a number from 0 to 1 each.")
        if sum(rates.values()) > 1 + 1e-9:
            raise forms.ValidationError("The rates add up to more than 1.")
        checked: dict[str, float] = rates
        return checked


class PolicyForm(forms.Form):
    """What the PSP protects the merchant from."""

    single_success = forms.NullBooleanField(
        label="A token can succeed only once",
        widget=forms.Select(
            choices=[
                ("", "Leave as it is"),
                ("true", "Yes"),
                ("false", "No: a new key charges again"),
            ]
        ),
    )
    key_window_seconds = forms.IntegerField(
        label="Idempotency keys are remembered for seconds",
        min_value=0,
        max_value=YEAR_SECONDS,
        required=False,
    )


class ResendForm(forms.Form):
    """Whose latest webhook is to be sent again."""

    token = forms.CharField(label="Session token", max_length=40)


def _is_chance(rate: object) -> bool:
    return isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1
