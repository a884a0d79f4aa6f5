"""Makes what is changed in the Django admin leave a staff event: who, what, before and after."""

from __future__ import annotations

import json
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.forms import model_to_dict
from django.http import HttpRequest

from payments.models import Shop
from payments.services.record_change import record_change


class RecordedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that may be made and changed, on record, and are never deleted.

    Django saves a row and what belongs to it in one transaction, which the event joins.
    """

    recorded: tuple[str, ...] = ()  # the fields whose values are told; no secret is among them
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was done by it stays explained."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's own signature
        """Note how the row stood, then save it."""
        form.stood = self._standing(obj.pk) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's own signature
        """Save what belongs to the row, then record all that was changed."""
        super().save_related(request, form, formsets, change)
        row = form.instance
        after = self._standing(row.pk)
        if form.stood != after:
            self.record(request, row, "changed" if change else "made", form.stood, after)

    def record(
        self,
        request: HttpRequest,
        row: Model,
        what: str,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        """Leave the event of a change of a row."""
        kind = str(self.opts.verbose_name).replace(" ", "_")
        record_change(
            by=cast("User", request.user),
            name=f"{kind}.{what}",
            subject=f"{self.opts.verbose_name} {row}",
            before=before,
            after=after,
            about=row if isinstance(row, Shop) else None,
        )

    def _standing(self, key: Any) -> dict[str, Any]:
        """Return the recorded fields as the database has them, as JSON."""
        row = self.model._default_manager.get(pk=key)  # noqa: SLF001 - public by its docs
        values = model_to_dict(row, fields=self.recorded)
        standing: dict[str, Any] = json.loads(json.dumps(values, cls=_Readable))
        return standing


class _Readable(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        """Write rows, such as the groups of a user, by their names."""
        return str(o) if isinstance(o, Model) else super().default(o)
