"""The lifecycle on the page of a payment..."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.ages import in_two_words
from dashboard.lifecycle_drawing import Drawing, drawings
from dashboard.steps import Walk, walk
from payments.domain.lifecycle import FAILED_PHASES, Phase
from payments.models import CauseKind, Event, PaymentSession, Purchase
from tests.builders import make_event, make_purchase, make_receipt, make_session

BEGAN = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def session_event(seconds: float, status: str) -> Event:
    return Event(name=f"session.{status}", created_at=after(seconds))


def move(seconds: float, before: str, phase: str) -> Event:
    return Event(phase_before=before, phase_after=phase, created_at=after(seconds))


REGISTERED = [session_event(0, "created"), session_event(0.25, "registered")]
ANSWER_LOST = [
    *REGISTERED,
    move(120, "", Phase.SUBMITTING),
    move(123.4, Phase.SUBMITTING, Phase.IN_DOUBT),
    move(185.4, Phase.IN_DOUBT, Phase.CAPTURED),
]


def walked(moves: list[Event], phase: str = "", *, status: str = "registered") -> Walk:
    """Return the walk, seen two hours after its beginning, of a purchase if a phase is given."""
    session = PaymentSession(status=status, created_at=BEGAN, updated_at=after(60))
    purchase = Purchase(phase=phase, phase_since=after(60)) if phase else None
    return walk(session, purchase, moves, now=after(7200))


def drawn(moves: list[Event], phase: str = "", *, status: str = "registered") -> Drawing:
    wide, _ = drawings(walked(moves, phase, status=status), "Buy Now")
    return wide


def places(drawing: Drawing) -> dict[str, str]:
    return {node.word.words: str(node.place) for node in drawing.nodes}


class TestTheWalk:
    def test_tells_how_long_each_state_lasted_and_how_long_ago_it_ended(self):
        assert walked(ANSWER_LOST, Phase.CAPTURED).sentence == (
            "created (250 ms), registered (1 min 59 s), submitting (3.4 s),"
            " in doubt (1 min 2 s), captured (1 h ago)"
        )

    def test_tells_how_far_into_a_state_it_is(self):
        words = walked(ANSWER_LOST[:4], Phase.IN_DOUBT).sentence

        assert words.endswith("submitting (3.4 s), in doubt (now, for 1 h)")

    @pytest.mark.parametrize("phase", FAILED_PHASES)
    def test_has_ended_with_a_failure_though_a_success_may_be_proved_later(self, phase: Phase):
        late = walked([*REGISTERED, move(3600, "", phase)], phase)

        assert late.sentence.endswith(f"{phase} (1 h ago)")
        assert late.possible == {"captured"}

    def test_believes_the_row_where_no_event_tells_of_the_present(self):
        [created, pending] = walked([], Phase.PENDING).stays

        assert (created.until, pending.state, pending.since) == (after(60), "pending", after(60))

    def test_counts_a_session_that_expired_and_was_found_bought_as_expired_once(self):
        moves = [*REGISTERED, session_event(9, "expired"), move(11, "", Phase.EXPIRED)]
        late = walked([*moves, move(13, Phase.EXPIRED, Phase.CAPTURED)], Phase.CAPTURED)

        assert [stay.state for stay in late.stays][2:] == ["expired", "captured"]
        assert late.stays[2].since == after(9)


class TestADrawing:
    def test_lights_the_way_that_was_taken_and_no_other(self):
        assert drawn(ANSWER_LOST, Phase.CAPTURED).ways == [
            "M66 56L230 56",
            "M230 56L394 56",
            "M394 56L558 56",
            "M558 56C558 86.6 1050 86.6 1050 56",  # clear of pending and authorized
        ]

    def test_shows_a_success_that_came_after_a_failure(self):
        moves = [
            *REGISTERED,
            move(1, "", Phase.SUBMITTING),
            move(2, Phase.SUBMITTING, Phase.DECLINED),
            move(3, Phase.DECLINED, Phase.CAPTURED),
        ]

        drawing = drawn(moves, Phase.CAPTURED)

        assert places(drawing)["declined"] == "passed"
        assert drawing.ways[2:] == [
            "M394 56C394 90 722 90 722 124",
            "M722 124C722 90 1050 90 1050 56",
        ]

    def test_says_where_a_purchase_is_and_may_go(self):
        moves = [*REGISTERED, move(1, "", "submitting"), move(2, "submitting", "pending")]

        assert places(drawn(moves, Phase.PENDING)) == {
            "created": "passed",
            "registered": "passed",
            "submitting": "passed",
            "in doubt": "closed",
            "pending": "current",
            "authorized": "possible",
            "captured": "possible",
            "not registered": "closed",
            "cancelled": "possible",
            "expired": "possible",
            "declined": "possible",
            "errored": "possible",
        }

    @pytest.mark.parametrize(
        ("status", "current", "possible"),
        [
            ("created", "created", {"registered", "not registered"}),
            ("failed", "not registered", set()),
            ("expired", "expired", set()),
            ("cancelled", "cancelled", set()),
        ],
    )
    def test_says_where_a_session_is_that_nobody_bought_on(
        self, status: str, current: str, possible: set[str]
    ):
        found = places(drawn([session_event(0, "created")], status=status))

        assert [word for word, place in found.items() if place == "current"] == [current]
        assert {word for word, place in found.items() if place == "possible"} == possible

    def test_says_that_anything_may_come_of_a_registered_session(self):
        found = places(drawn(REGISTERED))

        assert {word for word, place in found.items() if place != "possible"} == {
            "created",
            "registered",
            "not registered",
        }

    def test_has_every_text_and_way_inside_its_frame_in_both_shapes(self):
        for drawing in drawings(walked(ANSWER_LOST, Phase.CAPTURED), "Buy Now, 12 times"):
            for node in drawing.nodes:
                for text in (node.word, node.lasted):
                    wide = 7 * len(text.words)
                    left = {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
                    assert text.x - left >= 0
                    assert text.x - left + wide <= drawing.frame.width
                    assert 12 <= text.y <= drawing.frame.height
            assert len(drawing.ways) == 4


def look(viewer: Client, session: PaymentSession) -> str:
    response = viewer.get(reverse("mid-office:session", args=[session.pk]))
    return " ".join(unescape(response.content.decode()).split())


@pytest.mark.django_db
class TestThePage:
    def captured(self, **fields: Any) -> Event:
        """Return the event by which a webhook told of a success."""
        session = make_purchase(phase=Phase.CAPTURED, **fields).session
        make_event(session, "session.registered")
        make_event(session, "purchase.started", phase_after=Phase.SUBMITTING)
        make_event(session, "report.stale", phase_before=Phase.PENDING, phase_after=Phase.PENDING)
        return make_event(
            session,
            cause_kind=CauseKind.RECEIPT,
            cause_id=str(make_receipt(session).pk),
            phase_before=Phase.SUBMITTING,
            phase_after=Phase.CAPTURED,
        )

    def test_says_in_words_what_it_draws(self, viewer: Client):
        page = look(viewer, self.captured().session)

        [label, same] = [part.split('"')[0] for part in page.split('role="img" aria-label="')[1:]]
        assert label == same
        assert re.fullmatch(
            r"Lifecycle: created \(.+\), registered \(.+\), submitting \(.+\),"
            r" captured \(.+ ago\)\. Each step is in the table below\.",
            label,
        )

    def test_leads_from_each_step_to_what_led_to_it(self, viewer: Client):
        captured = self.captured()

        page = look(viewer, captured.session)

        assert f'<a href="#{captured.pk}">a webhook</a>' in page
        assert f'<li id="{captured.pk}">' in page

    def test_knows_the_whole_walk_of_a_timeline_that_is_cut(
        self, viewer: Client, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("dashboard.views.SHOWN_ENTRIES", 1)
        session = self.captured().session
        started = session.events.get(name="purchase.started")

        page = look(viewer, session)

        assert '<th scope="row">submitting</th>' in page
        assert f'href="#{started.pk}"' not in page  # its line is not there

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, ">Buy Now</text>"),
            ({"presses": 3}, ">Buy Now, 3 times</text>"),
            ({"on_page": True}, ">on the PSP's page</text>"),
        ],
    )
    def test_says_what_made_it_a_purchase(self, fields: Any, words: str, viewer: Client):
        assert words in look(viewer, self.captured(**fields).session)

    def test_says_what_may_yet_come(self, viewer: Client):
        page = look(viewer, make_purchase(phase=Phase.AUTHORIZED).session)

        assert "May yet become: captured, cancelled, expired, declined, errored." in page
        declined = look(viewer, make_purchase(phase=Phase.DECLINED).session)
        assert "Should the PSP prove it after all: captured." in declined
        assert "May yet become" not in declined
        assert "May yet become" not in look(viewer, make_session(status="expired"))

    def test_has_no_styles_that_the_policy_would_refuse(self, viewer: Client):
        page = look(viewer, self.captured().session)

        assert " style=" not in page
        assert "<style" not in page


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(milliseconds=-5), "0 ms"),
        (timedelta(milliseconds=999), "999 ms"),
        (timedelta(seconds=9.96), "9.9 s"),
        (timedelta(seconds=42.9), "42 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=3, minutes=5, seconds=9), "3 h 5 min"),
        (timedelta(days=2, seconds=30), "2 d 30 s"),
    ],
)
def test_gives_spans_by_their_two_largest_units(span: timedelta, words: str):
    assert in_two_words(span) == words
