"""A small edition of bench/reconciliation.py: what is planted is found, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from bench.listing_psp import listing_psp
from bench.planted_books import plant
from payments.models import Case, Discrepancy, Event, Resolution
from tests.reconciliation.conftest import YESTERDAY
from tests.told_psp import fresh_client


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_planted_is_found_once_and_nothing_else(seed: int, settings: Any):
    books = plant(purchases=300, of_each_kind=3, day=YESTERDAY, seed=seed)
    books.store()

    with listing_psp(books.lines) as settings.SANDBOX_PSP_URL, fresh_client():
        for _ in range(2):
            with pytest.raises(SystemExit):
                call_command("reconcile", "--psp", "sandbox")

    found = Discrepancy.objects.values_list("kind", "subject")
    assert sorted(found) == sorted(books.planted)
    healed = Discrepancy.objects.filter(resolution=Resolution.HEALED)
    assert {row.kind for row in healed} == {"status"}
    assert healed.count() == 3
    about_ours = Discrepancy.objects.filter(resolution=Resolution.OPEN, session__isnull=False)
    assert Case.objects.filter(resolved_at=None).count() == about_ours.count()
    assert Event.objects.filter(name="discrepancy.found").count() == about_ours.count() + 3
