"""Card numbers that are spread over several events of a call leave all of its rows."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from monitor.bus.process import this_process
from monitor.models import CallEvent
from monitor.services import conversation, spread_redaction
from monitor.wire.card_numbers import chains
from tests.support.keys import NEW
from tests.support.rows import NOW, SECOND
from tests.support.tellings import tell
from tests.support.words import events, heard, said, summary
from tests.wire.test_card_numbers import HARMLESS

pytestmark = pytest.mark.django_db

UNIX = NOW.timestamp()
PIECES = ["My card is 4111", "one one one one", "then 1111", "eleven eleven, thank you"]
LEFT = ["My card is ••••", "••••", "then ••••", "••••, thank you"]


def texts(**which: Any) -> list[str]:
    return [event.text for event in CallEvent.objects.filter(**which).order_by("at", "id")]


def stored() -> str:
    """Return all that the rows of events have."""
    return " ".join(
        f"{event.text} {json.dumps(event.payload, ensure_ascii=False)}"
        for event in CallEvent.objects.all()
    )


def added(role: str, text: str, after: float) -> dict[str, Any]:
    return events(conversation_add=said(role, text, UNIX + after))


def test_the_piece_that_completes_a_number_has_all_of_them_rewritten() -> None:
    for n, piece in enumerate(PIECES[:3]):
        tell(heard(piece), NOW + 4 * n * SECOND)
        tell(added("assistant", "Mm-hm, go on.", 4 * n + 2), NOW + (4 * n + 2) * SECOND)
    assert texts(kind="speech_detect") == PIECES[:3]
    tell(heard(PIECES[3]), NOW + 12 * SECOND)
    assert texts(kind="speech_detect") == LEFT
    assert [
        event.payload["text"] for event in CallEvent.objects.filter(kind="speech_detect")
    ] == LEFT
    assert texts(kind="conversation_add") == ["Mm-hm, go on."] * 3


def test_the_pieces_are_found_though_words_are_encrypted(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (NEW,)
    for n, piece in enumerate(PIECES):
        tell(heard(piece), NOW + 4 * n * SECOND)
        partial = {"text": piece, "source": "partial"}
        tell(events(speech_detect=partial), NOW + (4 * n + 1) * SECOND)
    assert [
        text for text in texts(kind="speech_detect") if "1111" in text or "eleven" in text
    ] == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_pieces_with_their_own_times_may_come_in_any_order(order: tuple[int, ...]) -> None:
    for n, place in enumerate(order):
        tell(added("user", PIECES[place], 4 * place), NOW + (20 + n) * SECOND)
    assert texts() == LEFT


def test_what_else_tells_of_the_same_pieces_is_rewritten_too() -> None:
    pay = {"function": "pay", "arguments": {"card": ["4111", 1, "11111111"]}}
    tell(events(function_call=pay), NOW + 3 * SECOND)
    for n, piece in enumerate(PIECES):
        now = NOW + 4 * n * SECOND
        tell(added("assistant", "Eleven eleven, got it.", 4 * n - 1), now)
        tell(events(speech_detect={"text": piece[:-2], "source": "partial"}), now)
        tell(heard(piece), now)
        tell(added("user", piece + ".", 4 * n), now)
    assert "111" not in stored()
    assert "eleven" not in stored().casefold()
    assert CallEvent.objects.get(kind="function_call").payload["arguments"]["card"] == [
        "••••",
        1,
        "••••",
    ]


def test_a_number_in_the_record_of_a_call_is_taken_out_wherever_it_is_told() -> None:
    log = [said("user", piece, UNIX + 4 * n) for n, piece in enumerate(PIECES)]
    log[2:2] = [said("assistant", "So far 4111 and four ones.", UNIX + 5)]
    tell(
        summary(
            call_log=log,
            raw_call_log=[{**entry, "text_heard_approx": entry["content"]} for entry in log],
            swaig_log=[{"command_name": "pay", "command_arg": '{"first": "4111"}'}],
            previous_contexts=[log],
            post_prompt_data={"raw": "The card begins with 4111.", "substituted": ""},
        ),
        NOW + 60 * SECOND,
    )
    assert texts(kind="call_log", role="user") == LEFT
    assert "4111" not in stored()
    assert "1111" not in stored()


def test_the_other_party_may_not_say_the_rest() -> None:
    tell(heard("4111 1111"))
    tell(added("assistant", "1111 1111", 2), NOW + 2 * SECOND)
    assert "4111 1111" in stored()


def test_a_piece_that_is_told_again_is_a_repetition_and_not_stored_again() -> None:
    bodies = [added("user", piece, 4 * n) for n, piece in enumerate(PIECES)]
    for body in bodies:
        assert tell(body, NOW + 20 * SECOND) == 1
    for body in bodies:
        assert tell(body, NOW + 25 * SECOND) == 0
    assert texts() == LEFT


def test_the_digest_of_a_piece_cannot_be_found_by_trying(settings: Any) -> None:
    tell(added("user", PIECES[0], 0))
    digest = CallEvent.objects.get().digest
    CallEvent.objects.all().delete()
    settings.SECRET_KEY = "another " * 10
    tell(added("user", PIECES[0], 0))
    assert CallEvent.objects.get().digest != digest


def test_harmless_sentences_stay_as_they_are() -> None:
    for n, text in enumerate(HARMLESS):
        tell(heard(text), NOW + 5 * n * SECOND)
    assert texts() == HARMLESS


def test_a_call_is_read_with_the_places_of_its_digits() -> None:
    for n, piece in enumerate(PIECES):
        tell(heard(piece), NOW + 4 * n * SECOND)
    call = CallEvent.objects.all()[0].call
    assert [line.text for line in conversation.of_call(call)] == LEFT
    assert not [
        list(chains(line.text)) for line in conversation.of_call(call) if list(chains(line.text))
    ]


def test_pages_that_show_the_pieces_are_sent_them_without_digits(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(this_process().publisher, "publish_words", sent.append)
    for n, piece in enumerate(PIECES):
        with django_capture_on_commit_callbacks(execute=True):
            tell(heard(piece), NOW + 4 * n * SECOND)
    assert [line["text"] for line in sent[0]["lines"]] == PIECES[:1]
    assert [line["text"] for line in sent[-1]["lines"]] == LEFT
    assert sent[-1]["from"] == sent[0]["from"]


def test_words_without_digits_cost_no_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tell(heard("Hello."))
    rows = list(CallEvent.objects.select_related("call"))
    with django_assert_num_queries(0):
        assert spread_redaction.redact(rows[0].call, rows) == []


@pytest.mark.parametrize(
    ("text", "queries"),
    [("I should like to know which one of these is the best", 1), ("Two, please.", 2)],
    ids=["no piece of a number", "a piece of one"],
)
def test_digits_cost_few_queries(
    text: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """One for what was rewritten near them, and one for the turns with which a number may go on."""
    tell(heard(text))
    rows = list(CallEvent.objects.select_related("call"))
    with django_assert_num_queries(queries):
        assert spread_redaction.redact(rows[0].call, rows) == []
