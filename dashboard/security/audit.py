"""Records what becomes of people's means to log in, since sessions' timelines have no place for it.

What changes them, a recovery code that is used, and a wrong second factor behind a right password
are staff events about the user. Anybody at all can give wrong passwords, as many as
the limits let through: those go to the log alone. The log names nobody, like all of ours.
"""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver

from payments.models import CauseKind
from payments.services.staff_rules import record_elsewhere
from payments.services.timeline import Cause

log = structlog.get_logger()


@receiver(authenticator_added)
def note_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record a means that somebody enrolled."""
    _record(user, "second_factor_added", f"Added: {_named(authenticator)}.")


@receiver(authenticator_removed)
def note_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record a means that somebody gave up."""
    _record(user, "second_factor_removed", f"Removed: {_named(authenticator)}.")


@receiver(authenticator_reset)
def note_reset(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record that somebody took new recovery codes."""
    _record(user, "second_factor_reset", f"Made anew: {_named(authenticator)}.")


@receiver(authenticator_used)
def note_used(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record the use of a recovery code: somebody has lost the means that they usually have."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _record(user, "recovery_code_used", "Used a recovery code.")


@receiver(authentication_failed)
def note_failed(user: User, **kwargs: Any) -> None:
    """Record a wrong second factor: whoever gave it knows the password."""
    _record(user, "second_factor_failed", "Gave a wrong second factor.")


@receiver([password_changed, password_set])
def note_password(user: User, **kwargs: Any) -> None:
    """Record that somebody took another password."""
    _record(user, "password_changed", "Changed the password.")


@receiver(user_login_failed)
def note_wrong_password(**kwargs: Any) -> None:
    """Log a wrong name or password."""
    log.warning("login_failed")


def _named(authenticator: Authenticator) -> str:
    kind = authenticator.get_type_display()
    name = authenticator.data.get("name")
    return f"{kind} {name!r}" if name else str(kind)


def _record(user: User, event: str, words: str) -> None:
    log.info(event)
    name = user.get_username()
    record_elsewhere(event, Cause(CauseKind.STAFF, actor=name), subject=f"user {name}", why=words)
