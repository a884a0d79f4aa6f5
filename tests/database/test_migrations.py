"""The migrations..."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_make_what_the_models_describe() -> None:
    call_command("makemigrations", "--check", "--dry-run")
