"""Shops and statement formats: made and changed here, on record, and never deleted.

What needs a second person cannot be changed here: keys, secrets and refund limits, which are asked
for in the mid-office.
"""

from __future__ import annotations

from django.contrib import admin

from payments import models as rows
from payments.admin.recorded import RecordedAdmin
from payments.admin_forms import ShopForm, StatementFormatForm


@admin.register(rows.Shop)
class ShopAdmin(RecordedAdmin):
    """Shops."""

    form = ShopForm
    list_display = ("name", "notification_url", "late_success", "created_at")
    readonly_fields = ("refund_limits",)
    recorded = ShopForm.Meta.fields


@admin.register(rows.StatementFormat)
class StatementFormatAdmin(RecordedAdmin):
    """Where PSPs' CSV statements have what."""

    form = StatementFormatForm
    list_display = ("name", "psp", "delimiter", "decimal_mark", "date_format")
    list_filter = ("psp",)
    recorded = StatementFormatForm.Meta.fields
