"""The pages of reconciliation..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from payments.domain.lifecycle import Phase
from payments.models import (
    Case,
    CaseKind,
    CauseKind,
    Discrepancy,
    Event,
    ReconciliationRun,
    Resolution,
    RunState,
    StaffEvent,
    StatementLine,
)
from payments.services.reconcile import carry_run
from tests.builders import (
    make_case,
    make_discrepancy,
    make_purchase,
    make_run,
    make_session,
    make_statement_format,
    make_user,
)
from tests.database.tables import changed_since, snapshot
from tests.midoffice.conftest import logged_in

# What staff ask for is committed before the answer, and BPS insists on it.
pytestmark = pytest.mark.django_db(transaction=True)

RUNS = reverse("mid-office:reconciliations")
NEW = reverse("mid-office:reconcile-now")
HEADER = "psp_reference,reference,amount,currency,booked_at\n"


@pytest.fixture
def reconciler() -> Client:
    """Return a browser of somebody who may have books compared, and resolve what differs."""
    browser = Client()
    browser.force_login(make_user("add_reconciliationrun", "change_discrepancy", username="rita"))
    return browser


def yesterday(**changes: str) -> dict[str, Any]:
    """Return what the form sends for yesterday."""
    day = str((timezone.now() - timedelta(days=1)).date())
    return {"psp": "sandbox", "first": day, "last": day, **changes}


def text_of(response: Any) -> str:
    """Return a page's HTML."""
    return str(response.content.decode())


class TestTheListOfRuns:
    def test_shows_each_with_its_figures(self, viewer: Client):
        run = make_run(lines=107, found={"amount": 2, "fee": 1}, healed=1)
        make_run(state=RunState.RUNNING, is_dry=True, statement_name="<b>.csv")
        make_discrepancy(None)

        page = text_of(viewer.get(RUNS))

        assert reverse("mid-office:reconciliation", args=[run.pk]) in page
        assert 'data-label="Lines">107</td>' in page
        assert 'data-label="Differences">3</td>' in page
        assert "&lt;b&gt;.csv, dry run" in page
        assert "1 open discrepancy<" in page

    def test_knows_no_cursor_but_its_own(self, viewer: Client):
        assert viewer.get(RUNS, {"cursor": "nonsense"}).status_code == 404

    def test_offers_a_new_run_to_those_alone_who_may(self, viewer: Client, reconciler: Client):
        assert NEW not in text_of(viewer.get(RUNS))
        assert NEW in text_of(reconciler.get(RUNS))


class TestTheFormForANewRun:
    def test_is_refused_to_those_who_may_not(self, viewer: Client):
        before = snapshot()

        assert viewer.get(NEW).status_code == 403
        assert viewer.post(NEW, yesterday()).status_code == 403
        assert changed_since(before) == {"payments_staffevent"}

    def test_proposes_yesterday(self, reconciler: Client):
        day = yesterday()["first"]

        assert text_of(reconciler.get(NEW)).count(f'value="{day}"') == 2

    def test_stores_a_run_that_is_due(self, reconciler: Client):
        response = reconciler.post(NEW, yesterday(is_dry="on"))

        run = ReconciliationRun.objects.get()
        assert response["Location"] == reverse("mid-office:reconciliation", args=[run.pk])
        assert (run.psp, run.asked_by, run.is_dry, run.step) == ("sandbox", "rita", True, "read")
        assert run.until - run.since == timedelta(days=1)
        assert run.due_at is not None
        assert run.leased_until is None

    def test_takes_a_statement_by_a_saved_mapping(self, reconciler: Client):
        purchase = make_purchase(phase=Phase.CAPTURED)
        columns = {
            "psp_reference": "Id",
            "reference": "Ours",
            "amount": "Sum",
            "currency": "Money",
            "booked_at": "Day",
        }
        mapping = make_statement_format(
            columns=columns, delimiter=";", decimal_mark=",", date_format="%d.%m.%Y"
        )
        day = (timezone.now() - timedelta(days=1)).strftime("%d.%m.%Y")
        lines = f"Id;Ours;Sum;Money;Day\nch_1;{purchase.session.reference};19,99;EUR;{day}\n"

        reconciler.post(NEW, yesterday(statement=upload(lines), mapping=str(mapping.pk)))

        run = ReconciliationRun.objects.get()
        assert (run.statement_name, run.lines, run.step) == ("books.csv", 1, "pair")
        line = StatementLine.objects.get()
        assert (line.session, line.amount) == (purchase.session, "19.99")
        carry_run(run.pk, now=timezone.now())
        run.refresh_from_db()
        assert (run.state, run.compared, run.found) == (RunState.FINISHED, 1, {})

    def test_says_what_is_wrong_and_changes_nothing(self, reconciler: Client):
        before = snapshot()

        for changes, words in (
            ({"psp": "nonsense"}, "Select a valid choice"),
            ({"first": "soon"}, "Enter a valid date"),
            ({"last": "2020-01-01"}, "comes after the last"),
            ({"first": "2020-01-01"}, "is longer than 366 days"),
        ):
            response = reconciler.post(NEW, yesterday(**changes))

            assert response.status_code == 200, changes
            assert words in text_of(response), changes
        assert snapshot() == before

    def test_refuses_a_whole_statement_for_one_bad_line(self, reconciler: Client):
        good, before = "ch_1,,1.00,EUR,2026-01-01\n", snapshot()

        for content, words in (
            ("", "The submitted file is empty"),
            ("a,b\n", "line 1, column &#x27;psp_reference&#x27;: is missing"),
            (f"{HEADER}{good}ch_2,,1,00,EUR,2026-01-01\n", "line 3: has 6"),
            (f"{HEADER}{good}ch_2,,1.0x,EUR,2026-01-01\n", "line 3, column"),
        ):
            response = reconciler.post(NEW, yesterday(statement=upload(content)))

            assert response.status_code == 200, content
            assert words in text_of(response), content
        assert snapshot() == before

    def test_refuses_a_mapping_without_a_statement(self, reconciler: Client):
        mapping = make_statement_format()

        response = reconciler.post(NEW, yesterday(mapping=str(mapping.pk)))

        assert "A mapping is for a statement." in text_of(response)
        assert ReconciliationRun.objects.count() == 0


def upload(content: str) -> Any:
    """Return a file as a browser uploads it."""
    return SimpleUploadedFile("books.csv", content.encode(), content_type="text/csv")


class TestTheOnePage:
    def test_of_a_run_shows_what_it_found(self, viewer: Client):
        run = make_run(found={"amount": 1, "missing_here": 1}, lines=7, compared=5)
        row = make_discrepancy(make_session(checkout_id="c-<7>"), run=run)
        make_discrepancy(None, run=run, kind="missing_here", ours="nothing")
        make_discrepancy(None)

        response = viewer.get(reverse("mid-office:reconciliation", args=[run.pk]))

        page = text_of(response)
        assert len(response.context["rows"]) == 2
        assert "successful, 20.99 EUR" in page
        assert "missing here 1" in page
        assert reverse("mid-office:discrepancy", args=[row.pk]) in page
        assert "c-&lt;7&gt;" in page
        assert "none of ours" in page

    def test_of_a_running_run_says_what_it_does_and_of_a_failed_one_why(self, viewer: Client):
        running = make_run(state=RunState.RUNNING, error="503", due_at=timezone.now())
        failed = make_run(state=RunState.FAILED, error="401 <unauthorized>")

        going = text_of(viewer.get(reverse("mid-office:reconciliation", args=[running.pk])))
        ended = text_of(viewer.get(reverse("mid-office:reconciliation", args=[failed.pk])))

        assert 'role="status"' in going
        assert "reading the PSP&#x27;s list" in going
        assert "Why it ended:</strong> 401 &lt;unauthorized&gt;" in ended

    def test_of_a_dry_run_shows_what_a_run_would_record(self, viewer: Client):
        found = {"kind": "fee", "ours": "at most 1.50 EUR", "theirs": "9.00 EUR"}
        run = make_run(is_dry=True, found={"fee": 2}, preview=[{**found, "psp_reference": "ch_1"}])

        page = text_of(viewer.get(reverse("mid-office:reconciliation", args=[run.pk])))

        assert "at most 1.50 EUR" in page
        assert "The first 1 of 2." in page

    def test_of_a_discrepancy_shows_both_sides_and_their_story(self, viewer: Client):
        first, last = make_run(), make_run()
        row = make_discrepancy(make_session(), run=first, last_run=last)

        page = text_of(viewer.get(reverse("mid-office:discrepancy", args=[row.pk])))

        for words in ("successful, 19.99 EUR", "successful, 20.99 EUR", row.psp_reference):
            assert words in page
        for run in (first, last):
            assert reverse("mid-office:reconciliation", args=[run.pk]) in page
        assert "Resolve</button>" not in page

    def test_of_a_session_leads_to_its_discrepancies(self, viewer: Client):
        row = make_discrepancy(make_session())

        page = text_of(viewer.get(reverse("mid-office:session", args=[row.session_id])))

        assert reverse("mid-office:discrepancy", args=[row.pk]) in page


class TestTheListOfDiscrepancies:
    def test_shows_the_open_ones_of_all_runs_unless_asked_for_others(self, viewer: Client):
        still_open = make_discrepancy(None)
        healed = make_discrepancy(None, resolution=Resolution.HEALED, resolved_at=timezone.now())
        address = reverse("mid-office:discrepancies")

        shown = {
            wanted: [row.discrepancy for row in viewer.get(address, query).context["rows"]]
            for wanted, query in (
                ("open", {}),
                ("healed", {"resolution": "healed"}),
                ("all", {"resolution": ""}),
            )
        }

        assert shown == {"open": [still_open], "healed": [healed], "all": [healed, still_open]}
        assert viewer.get(address, {"resolution": "nonsense"}).status_code == 404

    def test_costs_no_more_for_more_rows(
        self, viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ):
        for _ in range(20):
            make_discrepancy(make_session())

        with django_assert_max_num_queries(4):
            viewer.get(reverse("mid-office:discrepancies"))


def resolve(browser: Client, row: Discrepancy, note: str = "Refunded by hand.") -> Any:
    """Press the button, and follow where it leads."""
    address = reverse("mid-office:resolve-discrepancy", args=[row.pk])
    return browser.post(address, {"note": note}, follow=True)


class TestResolving:
    def test_records_who_did_it_and_why_and_closes_the_case(self, reconciler: Client):
        session = make_session()
        row = make_discrepancy(session)
        make_case(session, kind=CaseKind.DISCREPANCY)

        page = text_of(resolve(reconciler, row))

        assert "Refunded by hand." in page
        row.refresh_from_db()
        assert row.resolution == Resolution.RESOLVED
        assert row.resolved_by is not None
        assert row.resolved_by.get_username() == "rita"
        event = Event.objects.get(name="discrepancy.resolved")
        assert (event.session, event.cause_kind, event.actor) == (session, CauseKind.STAFF, "rita")
        assert event.data["reason"] == "Refunded by hand."
        assert Case.objects.get().resolved_at is not None

    def test_leaves_the_case_while_another_of_the_session_is_open(self, reconciler: Client):
        session = make_session()
        row = make_discrepancy(session)
        make_discrepancy(session)
        make_case(session, kind=CaseKind.DISCREPANCY)

        resolve(reconciler, row)

        assert Case.objects.get().resolved_at is None

    def test_works_for_what_is_about_no_session_of_ours(self, reconciler: Client):
        row = make_discrepancy(None)

        resolve(reconciler, row)

        row.refresh_from_db()
        assert row.resolution == Resolution.RESOLVED
        told = StaffEvent.objects.get()
        assert (told.name, told.actor, told.cause_id) == (
            "discrepancy.resolved",
            "rita",
            str(row.pk),
        )
        assert told.data["reason"] == "Refunded by hand."

    def test_keeps_no_card_number(self, reconciler: Client):
        row = make_discrepancy(make_session())
        before = snapshot()

        response = resolve(reconciler, row, "Paid with 4111 1111 1111 1111.")

        assert "looks like a card number" in text_of(response)
        assert snapshot() == before

    @pytest.mark.parametrize("note", ["", "   "])
    def test_needs_a_reason(self, note: str, reconciler: Client):
        row = make_discrepancy(make_session())
        before = snapshot()

        response = resolve(reconciler, row, note)

        assert response.status_code == 200
        assert "This field is required." in text_of(response)
        assert snapshot() == before

    def test_happens_once(self, reconciler: Client):
        row = make_discrepancy(make_session())
        resolve(reconciler, row)
        before = snapshot()

        assert "It was closed meanwhile." in text_of(resolve(reconciler, row, "Again."))
        assert snapshot() == before

    def test_is_refused_to_those_who_may_not(self):
        row = make_discrepancy(make_session())
        before = snapshot()

        response = resolve(logged_in("add_reconciliationrun"), row)

        assert response.status_code == 403
        assert changed_since(before) == {"payments_event"}
