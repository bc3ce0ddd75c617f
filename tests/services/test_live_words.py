"""What is said is published while it is said: the lines of the time that has changed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from monitor.bus.keys import WORDS
from monitor.bus.process import Process
from monitor.models import Call
from monitor.services import conversation
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.valkey import entries, json_of
from tests.support.words import events, heard, said, summary

pytestmark = pytest.mark.django_db

ENDED = events(session_end={"reason": "normal", "ended_by": "assistant"})


class Page:
    """A page that shows the words of the call, from its first event on."""

    def __init__(self, process: Process, commit: DjangoCaptureOnCommitCallbacks) -> None:
        self._commit = commit
        self.messages: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        process.publisher.publish_words = self._on_words  # type: ignore[method-assign, assignment]

    def tell(self, body: dict[str, Any], at: datetime.datetime = NOW, agent: str = "desk") -> None:
        with self._commit(execute=True):
            tell(body, at, agent)

    def _on_words(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["lines"] is None:
            self.lines = whole()
            return
        since, until = message["from"], message["until"]
        assert all(since <= line["at"] <= until for line in message["lines"])
        before = [line for line in self.lines if line["at"] < since]
        after = [line for line in self.lines if line["at"] > until]
        self.lines = [*before, *message["lines"], *after]

    @property
    def texts(self) -> list[str]:
        """Return the texts of the last message."""
        return [line["text"] for line in self.messages[-1]["lines"]]


def whole() -> list[dict[str, Any]]:
    """Return the whole conversation, as a page that asks for it gets it."""
    return [conversation.describe(line) for line in conversation.of_call(Call.objects.get())]


@pytest.fixture
def page(process: Process, django_capture_on_commit_callbacks: Any) -> Page:
    return Page(process, django_capture_on_commit_callbacks)


def test_a_sentence_is_published_with_its_time_and_nothing_else(page: Page) -> None:
    page.tell(heard("Hello."))
    page.tell(heard("Is anybody there?"), NOW + 4 * SECOND)
    message = page.messages[-1]
    assert message["type"] == "words"
    assert message["call"] == str(Call.objects.get().pk)
    assert message["from"] == message["until"] == "2030-01-01T12:00:04.000+00:00"
    assert message["received"] == (NOW + 4 * SECOND).timestamp()
    assert page.texts == ["Is anybody there?"]


def test_what_is_told_twice_is_published_once_unless_it_changes_the_line(page: Page) -> None:
    page.tell(events(conversation_add=said("user", "Hello, there.", NOW.timestamp() - 1)))
    page.tell(heard("hello there"), NOW + SECOND)
    assert len(page.messages) == 1
    page.tell(heard("How are you"), NOW + 5 * SECOND)
    better = said("user", "How are you?", NOW.timestamp() + 4)
    page.tell(events(conversation_add=better), NOW + 6 * SECOND)
    assert len(page.messages) == 3
    assert page.texts == ["How are you?"]


def test_unfinished_speech_is_replaced_by_what_follows(page: Page) -> None:
    page.tell(events(speech_detect={"text": "I need", "source": "partial"}))
    assert page.lines[0]["partial"] is True
    page.tell(heard("I need a ride."), NOW + SECOND)
    assert [line["text"] for line in page.lines] == page.texts == ["I need a ride."]


def test_what_makes_no_line_is_not_published(page: Page) -> None:
    page.tell(events(llm_request={"model": "x"}, llm_response={"duration_ms": 9}))
    assert page.messages == []


def test_of_a_record_the_whole_conversation_is_to_be_read(page: Page) -> None:
    page.tell(heard("Hello."))
    page.tell(summary(call_log=[said("user", "Hello!", NOW.timestamp())]), NOW + 60 * SECOND)
    message = page.messages[-1]
    assert (message["from"], message["until"], message["lines"]) == (None, None, None)


def test_so_it_is_when_an_event_comes_after_the_record_of_its_agent(page: Page) -> None:
    page.tell(summary(call_log=[said("user", "Hello!", NOW.timestamp())]))
    page.tell(heard("Hello."), NOW + SECOND)
    assert page.messages[-1]["lines"] is None
    page.tell(heard("Second desk."), NOW + 60 * SECOND, agent="second")
    assert page.texts == ["Second desk."]


def test_a_better_clock_moves_everything(page: Page) -> None:
    for n, late in enumerate([2, 1.95, 0.5]):
        at = NOW.timestamp() + n * 20
        told = events(conversation_add=said("user", f"Sentence {n}.", at))
        page.tell(told, NOW + (n * 20 + late) * SECOND)
    assert [message["lines"] is None for message in page.messages] == [False, False, True, False]
    assert page.lines == whole()


def test_so_does_the_first_clock_if_there_were_times_that_told_nothing_of_it(page: Page) -> None:
    page.tell(events(conversation_add=said("user", "Late.", NOW.timestamp())), NOW + 6 * SECOND)
    page.tell(events(conversation_add=said("user", "Soon.", NOW.timestamp() + 8)), NOW + 9 * SECOND)
    assert page.messages[1]["lines"] is None
    assert page.lines == whole()


def test_the_same_sentence_over_and_over_is_read_from_its_beginning(page: Page) -> None:
    """Which of two tellings belong together is decided from the first one on."""
    for n in range(12):
        page.tell(heard("Yes."), NOW + 8 * n * SECOND)
    assert page.messages[2]["lines"] is not None
    assert page.messages[-1]["lines"] is None  # for 88 s, and nobody knows for how long before
    assert page.lines == whole()


def test_a_line_costs_as_many_queries_and_events_late_in_a_call_as_early(page: Page) -> None:
    def queries(n: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            page.tell(heard(f"Sentence {n * 'x'}."), NOW + 3 * n * SECOND)
        return len(captured)

    page.tell(heard("Hello."))
    counts = [queries(n) for n in range(1, 60)]  # now and then the call's last sign of life is kept
    assert max(counts[-20:]) <= max(counts[:20])
    assert all(len(message["lines"]) == 1 for message in page.messages)


def test_the_message_is_in_the_stream_of_words(
    store: redis.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell(heard("Hello."))
        assert entries(store, WORDS) == []  # what is not committed is not told
    [message] = json_of(entries(store, WORDS))
    assert [line["text"] for line in message["lines"]] == ["Hello."]


TEXTS = st.sampled_from(["Yes.", "No.", "yes", "No, I need", "no i need a ride"])
AFTER = st.integers(0, 90) | st.floats(0, 90, allow_nan=False)


def _with_time(kind: str, role: str, text: str, at: float) -> dict[str, Any]:
    return {**events(), kind: said(role, text, NOW.timestamp() + at)}


POSTS = st.one_of(
    st.builds(
        lambda text, source: events(speech_detect={"text": text, "source": source}),
        TEXTS,
        st.sampled_from(["final", "partial"]),
    ),
    st.builds(
        _with_time,
        st.just("conversation_add"),
        st.sampled_from(["user", "assistant"]),
        TEXTS,
        AFTER,
    ),
    st.builds(
        lambda name, took: events(function_call={"function": name, "duration_ms": took}),
        st.sampled_from(["look_up", "pay"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda name, at: events(swaig_call={"function": name, "timestamp": at}),
        st.sampled_from(["look_up", "pay"]),
        st.integers(0, 90).map(lambda at: round((NOW.timestamp() + at) * 1e6)),
    ),
    st.just(events(barge={"barge_elapsed_ms": 900})),
    st.just(events(hold={"event": "hold"}, llm_error={"error": "x"})),
    st.just(ENDED),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    posts=st.lists(
        st.tuples(POSTS, AFTER, st.sampled_from(["desk", "desk", "desk", "second"])), max_size=12
    )
)
def test_whatever_is_told_and_whenever_the_page_has_the_whole_conversation(
    page: Page, posts: list[tuple[dict[str, Any], float, str]]
) -> None:
    """It is told in any order: the times at which the posts come jump to and fro."""
    Call.objects.all().delete()
    page.lines = []
    for body, after, agent in posts:
        page.tell(body, NOW + after * SECOND, agent)
        assert page.lines == whole()
