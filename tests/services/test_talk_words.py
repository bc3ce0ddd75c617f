"""The history says in words who talked."""

from __future__ import annotations

import pytest

from monitor.models import CallTalk
from monitor.services import talk_words
from monitor.services.taps import OpenedTap
from tests.support.rows import keep_talk


@pytest.fixture
def talk(opened: OpenedTap) -> CallTalk:
    return keep_talk(opened.tap.call)


def words(talk: CallTalk) -> dict[str, str]:
    return {line.label: line.words for line in talk_words.lines(talk)}


def test_each_party_has_its_time_and_share(talk: CallTalk) -> None:
    said = words(talk)
    assert said["Caller talked"] == "1 min 15 s (75 % of what was said)"
    assert said["Agent talked"] == "25 s (25 % of what was said)"


@pytest.mark.parametrize(
    ("overlaps", "said"), [(0, "Never"), (1, "1 time, 1 s"), (2, "2 times, 1 s")]
)
def test_it_is_said_how_often_both_talked(talk: CallTalk, overlaps: int, said: str) -> None:
    talk.overlaps = overlaps
    assert words(talk)["Both at once"] == said


def test_the_longest_silences_are_told(talk: CallTalk) -> None:
    said = words(talk)
    assert said["Caller’s longest silence"] == "4 s"
    assert said["Agent’s longest silence"] == "1 min 1 s"


def test_where_nobody_talked_there_is_no_share(talk: CallTalk) -> None:
    talk.speak = talk.listen = 0
    assert words(talk)["Caller talked"] == "0 s"
    assert talk_words.shares(talk) == ""
