"""What happened, to be read: it is neither added, changed nor deleted here.

Staff act in the mid-office, where every act goes through the services and leaves an event.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from payments import models as rows


class HistoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to be read. Newest first, found by whole ids, never counted in full."""

    ordering = ("-pk",)  # UUIDv7 sorts by time, and every table has the index
    show_full_result_count = False
    list_per_page = 50
    never_shown: tuple[str, ...] = ()  # columns that open something

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows are made by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: history stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: history stays."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show every column, those included that no form could edit."""
        columns = self.opts.concrete_fields
        return [_shown(field) for field in columns if field.name not in self.never_shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show them as text."""
        return self.get_fields(request, obj)

    @admin.display(description="body")
    def body_as_text(self, row: Any) -> str:
        """Return a stored body, whatever bytes it holds."""
        return bytes(row.body).decode("utf-8", errors="backslashreplace")


def _shown(field: models.Field[Any, Any]) -> str:
    return "body_as_text" if isinstance(field, models.BinaryField) else field.name


@admin.register(rows.PaymentSession)
class PaymentSessionAdmin(HistoryAdmin):
    """Registered checkouts."""

    list_display = ("checkout_id", "shop", "amount", "currency", "status", "psp", "created_at")
    list_filter = ("status", "psp", "currency")
    list_select_related = ("shop",)
    search_fields = ("=checkout_id", "=order_reference", "=psp_token", "=public_token")


@admin.register(rows.Purchase)
class PurchaseAdmin(HistoryAdmin):
    """What became of Buy Now."""

    list_display = ("public_id", "shop", "amount", "currency", "phase", "surplus", "created_at")
    list_filter = ("phase", "surplus", "currency")
    list_select_related = ("shop", "session")
    search_fields = ("=id", "=order_reference", "=payment_reference", "=session__checkout_id")


@admin.register(rows.PspCall)
class PspCallAdmin(HistoryAdmin):
    """Calls to PSPs."""

    list_display = ("operation", "psp", "session", "outcome", "duration_ms", "sends", "created_at")
    list_filter = ("operation", "outcome", "psp")
    list_select_related = ("session",)
    search_fields = ("=idempotency_key", "=session__checkout_id")


@admin.register(rows.Event)
class EventAdmin(HistoryAdmin):
    """The timelines."""

    list_display = ("name", "session", "position", "cause_kind", "actor", "created_at")
    list_filter = ("cause_kind",)
    list_select_related = ("session",)
    search_fields = ("=name", "=cause_id", "=session__checkout_id")


@admin.register(rows.WebhookReceipt)
class WebhookReceiptAdmin(HistoryAdmin):
    """Incoming webhooks, the rejected ones included."""

    list_display = ("event_type", "psp", "state", "session", "deliveries", "created_at")
    list_filter = ("state", "psp")
    list_select_related = ("session",)
    search_fields = ("=event_id", "=psp_token", "=reference", "=session__checkout_id")


@admin.register(rows.InvariantCheck)
class InvariantCheckAdmin(HistoryAdmin):
    """Boards of the invariants; the mid-office shows the last one readably."""

    list_display = ("checked_at", "sessions", "complete", "duration_ms", "actor")
    list_filter = ("complete",)


@admin.register(rows.Tally)
class TallyAdmin(HistoryAdmin):
    """What was counted of each hour."""

    list_display = ("hour", "measure", "psp", "currency", "word", "count", "amount")
    list_filter = ("measure",)


class NotificationTryInline(admin.TabularInline):  # type: ignore[type-arg]
    """The tries of one notification."""

    model = rows.NotificationTry
    fields = readonly_fields = ("created_at", "http_status", "error", "duration_ms")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: tries are made by workers."""
        return False


@admin.register(rows.ShopNotification)
class ShopNotificationAdmin(HistoryAdmin):
    """Outgoing webhooks, with their tries."""

    list_display = ("type", "session", "state", "attempts", "delivered_at", "created_at")
    list_filter = ("state", "type")
    list_select_related = ("session",)
    search_fields = ("=id", "=session__checkout_id")
    inlines = (NotificationTryInline,)


@admin.register(rows.NotificationTry)
class NotificationTryAdmin(HistoryAdmin):
    """All tries to deliver."""

    list_display = ("notification", "http_status", "error", "duration_ms", "created_at")
    list_select_related = ("notification",)
    search_fields = ("=notification__session__checkout_id",)


@admin.register(rows.Refund)
class RefundAdmin(HistoryAdmin):
    """Money on its way back."""

    list_display = ("public_id", "purchase", "amount", "currency", "state", "created_at")
    list_filter = ("state", "currency")
    list_select_related = ("purchase", "session")
    search_fields = ("=id", "=refund_reference", "=session__checkout_id")


@admin.register(rows.Instruction)
class InstructionAdmin(HistoryAdmin):
    """Captures and voids."""

    list_display = ("public_id", "purchase", "amount", "currency", "state", "created_at")
    list_filter = ("kind", "state")
    list_select_related = ("purchase", "session")
    search_fields = ("=id", "=session__checkout_id")


@admin.register(rows.Approval)
class ApprovalAdmin(HistoryAdmin):
    """What needed a second person. Decided in the mid-office."""

    list_display = ("act", "session", "requested_by", "state", "decided_by", "expires_at")
    list_filter = ("act", "state")
    list_select_related = ("session", "requested_by", "decided_by")
    search_fields = ("=id", "=session__checkout_id")


@admin.register(rows.IdempotencyRecord)
class IdempotencyRecordAdmin(HistoryAdmin):
    """Requests that may be repeated, and what they were answered."""

    list_display = ("key", "shop", "method", "path", "answer_status", "created_at")
    list_select_related = ("shop",)
    search_fields = ("=key",)


@admin.register(rows.Case)
class CaseAdmin(HistoryAdmin):
    """What a person must look at. Taken and resolved in the mid-office."""

    list_display = ("kind", "session", "owner", "resolved_at", "created_at")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("session", "owner")
    search_fields = ("=session__checkout_id",)


@admin.register(rows.ReconciliationRun)
class ReconciliationRunAdmin(HistoryAdmin):
    """Comparisons of PSPs' books with ours."""

    list_display = ("psp", "since", "until", "state", "lines", "differences", "healed")
    list_filter = ("state", "psp", "is_dry")


@admin.register(rows.StatementLine)
class StatementLineAdmin(HistoryAdmin):
    """What PSPs listed."""

    list_display = ("kind", "psp_reference", "amount", "currency", "status", "booked_at")
    list_filter = ("kind",)
    search_fields = ("=psp_reference", "=reference", "=psp_token")


@admin.register(rows.Discrepancy)
class DiscrepancyAdmin(HistoryAdmin):
    """What PSPs and we disagree about. Resolved in the mid-office, with a reason."""

    list_display = ("kind", "psp", "session", "ours", "theirs", "resolution", "created_at")
    list_filter = ("resolution", "kind", "psp")
    list_select_related = ("session",)
    search_fields = ("=psp_reference", "=session__checkout_id")


@admin.register(rows.StaffEvent)
class StaffEventAdmin(HistoryAdmin):
    """What staff did that is about no one session."""

    list_display = ("name", "actor", "shop", "subject", "created_at")
    list_select_related = ("shop",)
    search_fields = ("=name", "=actor", "=cause_id")


@admin.register(rows.ShopApiKey)
class ShopApiKeyAdmin(HistoryAdmin):
    """API keys. Asked for and revoked in the mid-office, with a second person."""

    ordering = ("-created",)
    list_display = ("prefix", "name", "shop", "created", "expiry_date", "revoked", "last_used_at")
    list_select_related = ("shop",)
    search_fields = ("=prefix", "=shop__name")
    never_shown = ("id", "hashed_key")


@admin.register(rows.NotificationSecret)
class NotificationSecretAdmin(HistoryAdmin):
    """What signs notifications, by name and age. Rotated in the mid-office."""

    list_display = ("public_id", "shop", "created_at", "retires_at")
    list_select_related = ("shop",)
    search_fields = ("=id", "=shop__name")
    never_shown = ("value",)
