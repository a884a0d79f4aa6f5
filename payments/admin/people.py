"""Users and groups: who may come in, and in which roles. On record, by superusers alone.

Nobody changes their own rights. A role's permissions are the code's (payments/domain/roles.py), so
that groups are only read here, and users are given roles and no single permissions.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase

from payments.admin.history import HistoryAdmin
from payments.admin.recorded import RecordedAdmin

RIGHTS = ("is_active", "is_staff", "is_superuser", "groups")

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(RecordedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Users. One who leaves is made inactive: what they did stays explained."""

    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("About", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": RIGHTS}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    filter_horizontal = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    recorded = ("username", "first_name", "last_name", "email", *RIGHTS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let superusers in, and nobody else: who gives rights has them all."""
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let superusers look."""
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let superusers make users."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let superusers change users."""
        return _is_superuser(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep one's own rights, and one's own name, by which acts are told."""
        own = obj is not None and obj.pk == request.user.pk
        return (*self.readonly_fields, "username", *RIGHTS) if own else self.readonly_fields

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's own name
        form_url: str = "",
    ) -> HttpResponse:
        """Set somebody's password, on record: whoever does could act as them."""
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            if isinstance(answer, HttpResponseRedirectBase):
                self.record(request, User.objects.get(pk=id), "password_set", {}, {})
        return answer


@admin.register(Group)
class RoleAdmin(HistoryAdmin, GroupAdmin):
    """Roles, as the migration made them."""

    ordering = ("name",)
    filter_horizontal = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what whoever has the role may do."""
        return ["name", "permissions"]


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser
