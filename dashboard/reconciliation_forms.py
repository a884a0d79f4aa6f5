"""What staff type in to have books compared, and to resolve what differs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.utils import timezone

from payments.domain.days import PeriodRefused, whole_days
from payments.models import StatementFormat
from payments.services.staff_rules import MOST_CHARACTERS

# A statement is read within one request; a larger one is for manage.py reconcile.
LARGEST_STATEMENT_BYTES: Final = 20 * 1024 * 1024


class ReconcileForm(forms.Form):
    """A PSP, a period of whole days in UTC, and perhaps the PSP's statement."""

    psp = forms.ChoiceField(label="PSP")
    first = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label="Last day, included", widget=forms.DateInput(attrs={"type": "date"})
    )
    statement = forms.FileField(
        label="Statement (CSV)",
        required=False,
        help_text="Without one, the PSP is asked for its list.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    mapping = forms.ModelChoiceField(
        label="Column mapping",
        queryset=StatementFormat.objects.none(),
        required=False,
        empty_label="our own column names",
    )
    is_dry = forms.BooleanField(
        label="Dry run: only say what differs, change nothing", required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the PSPs in use, their saved mappings, and yesterday."""
        super().__init__(*args, **kwargs)
        yesterday = timezone.now().astimezone(UTC).date() - timedelta(days=1)
        self.fields["psp"].choices = [(name, name) for name in settings.BPS_PSPS]  # type: ignore[attr-defined]
        self.fields["mapping"].queryset = StatementFormat.objects.filter(  # type: ignore[attr-defined]
            psp__in=settings.BPS_PSPS
        )
        self.initial.setdefault("first", yesterday)
        self.initial.setdefault("last", yesterday)

    def clean_statement(self) -> Any:
        """Refuse what is too large to be read while somebody waits."""
        statement = self.cleaned_data["statement"]
        if statement and statement.size > LARGEST_STATEMENT_BYTES:
            raise forms.ValidationError("Larger than 20 MB: use manage.py reconcile --csv.")
        return statement

    def clean(self) -> dict[str, Any]:
        """Refuse days that make no period, and a mapping that does not fit."""
        given = self.cleaned_data
        if "first" in given and "last" in given:
            try:
                self.period(given["first"], given["last"])
            except PeriodRefused as refused:
                self.add_error("last", f"Refused: {refused}.")
        mapping = given.get("mapping")
        if mapping and not given.get("statement"):
            self.add_error("mapping", "A mapping is for a statement.")
        if mapping and mapping.psp != given.get("psp"):
            self.add_error("mapping", "This mapping is another PSP's.")
        return given

    @staticmethod
    def period(first: date, last: date) -> tuple[datetime, datetime]:
        """Return from when until before when the days last."""
        return whole_days(first, last)


class ResolveForm(forms.Form):
    """Why a discrepancy needs nobody any more."""

    note = forms.CharField(
        label="Reason",
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
