"""How a listener is told the server's time."""

from __future__ import annotations

import pytest

from monitor.web.sockets import clock
from monitor.web.sockets.clock import ClockAnswers, NotTold


def test_the_answer_repeats_what_was_sent_and_has_the_time_in_ms() -> None:
    answers = ClockAnswers(now=lambda: 1764240000.1234)
    assert answers.answer(12.5) == {"type": "clock", "sent": 12.5, "now": 1764240000123}


def test_only_a_few_questions_are_answered_at_once() -> None:
    answers = ClockAnswers()
    for _ in range(clock.BURST):
        answers.answer(1)
    with pytest.raises(NotTold, match="once in 10 s"):
        answers.answer(1)


@pytest.mark.parametrize("sent", [None, "12", [], float("nan"), float("inf"), 10**400])
def test_what_is_no_time_is_refused_and_costs_nothing(sent: object) -> None:
    answers = ClockAnswers()
    with pytest.raises(NotTold, match="a number"):
        answers.answer(sent)
    for _ in range(clock.BURST):
        answers.answer(1)
