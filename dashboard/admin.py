"""Second factors in the Django admin: whoever lost theirs has them removed here by a superuser."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from dashboard.fresh import has_second_factor
from payments.models import CauseKind
from payments.services.staff_rules import record_elsewhere
from payments.services.timeline import Cause

# The stock page shows the secrets; and nobody's e-mail address is used.
admin.site.unregister(Authenticator)
admin.site.unregister(EmailAddress)


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows which second factors there are, never their secrets, and lets them be removed."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = list_display
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a second factor is enrolled by whoever has it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: there is nothing to change about it."""
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Remove one as many are removed."""
        self.delete_queryset(request, Authenticator.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        """Remove them, and recovery codes that are left alone; each on record."""
        owners = User.objects.filter(pk__in=list(queryset.values_list("user_id", flat=True)))
        queryset.delete()
        bare = [owner.pk for owner in owners if not has_second_factor(owner)]
        Authenticator.objects.filter(user_id__in=bare).delete()
        cause = Cause(CauseKind.STAFF, actor=cast("User", request.user).get_username())
        why = "Removed second factors of this user."
        for owner in owners:
            subject = f"user {owner.get_username()}"
            record_elsewhere("second_factors_removed", cause, subject=subject, why=why)
