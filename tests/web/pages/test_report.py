"""The report on the page of a call that is over."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.adapters.carriers.signalwire import words
from monitor.models import Call
from monitor.services import call_events
from monitor.services.latency_chart import draw
from monitor.services.taps import OpenedTap
from tests.support.markup import refused
from tests.support.rows import NOW
from tests.support.words import AGENT, said, summary

UNIX = NOW.timestamp()
XSS = "<script>alert(1)</script>"


def end(call: Call, **fields: Any) -> None:
    """Tell the record of a call, as the webhook does."""
    report = words.parse_summary(json.dumps(summary(call.call_id, **fields)).encode())
    assert report
    call_events.record(AGENT, report, NOW)


def answer(text: str, seconds: float, latency: int) -> dict[str, Any]:
    return said("assistant", text, UNIX - 60 + seconds, audio_latency=latency)


@pytest.fixture
def page(opened: OpenedTap, alice: User, as_alice: Client) -> Any:
    """The page of the call, as somebody reads it who may read words."""
    alice.user_permissions.add(Permission.objects.get(codename="read_words"))

    def read() -> str:
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        assert refused(html) == []
        return html

    return read


def test_a_call_that_goes_on_has_none(page: Any) -> None:
    assert 'id="report"' not in page()


def test_it_has_the_summary_and_the_figures(opened: OpenedTap, page: Any) -> None:
    log = [said("user", "Hello.", UNIX - 9), answer("Good day.", 58, 900)]
    end(opened.tap.call, call_log=log, call_ended_by="assistant", total_minutes=1.5)
    html = page()
    assert "All is well." in html
    figures = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", html))
    assert figures["Turns"] == "2"
    assert figures["Ended by"] == "Agent"
    assert figures["Median latency"] == "0.9 s"
    assert figures["Minutes accounted"] == "1.5"
    assert "Input tokens" not in figures  # nothing was told of them


def test_a_tool_shows_its_arguments_its_result_and_its_error(opened: OpenedTap, page: Any) -> None:
    use = {
        "command_name": "look_up",
        "command_arg": json.dumps({"order": XSS}),
        "epoch_time": int(UNIX - 30),
        "post_response": {"response": "Found it."},
        "error": "timed out",
        "duration_ms": 412,
    }
    end(opened.tap.call, swaig_log=[use])
    html = page()
    assert "<strong>look_up</strong>" in html
    assert "412 ms" in html
    assert "Found it." in html
    assert "Failed: timed out" in html
    assert "&lt;script&gt;" in html
    assert XSS not in html


def test_the_chart_is_told_in_words_and_in_a_table(opened: OpenedTap, page: Any) -> None:
    log = [answer(f"Answer {n}.", n, latency) for n, latency in enumerate((500, 1000, 4000))]
    end(opened.tap.call, call_log=log)
    html = page()
    described = "3 answers: median 1.0 s, shortest 0.5 s, longest 4.0 s."
    assert f'<desc id="chart-words">{described}</desc>' in html
    assert html.count(' rx="1.5">') == 3
    assert re.search(r"<td>4\.0 s</td>\s*<td>Answer 2\.</td>", html)


def test_the_drawing_has_points_for_decimals_in_every_language(
    opened: OpenedTap, page: Any, as_alice: Client
) -> None:
    end(opened.tap.call, call_log=[answer("Hello.", 1, 1234), answer("Bye.", 2, 777)])
    page()
    html = as_alice.get(
        f"/calls/{opened.tap.call_id}", headers={"accept-language": "es"}
    ).content.decode()
    (drawing,) = re.findall(r'<svg class="report-chart".*?</svg>', html, re.DOTALL)
    for attribute in re.findall(r' (?:x|y|width|height|x1|y1)="([^"]*)"', drawing):
        assert re.fullmatch(r"[\d.]+", attribute)


def test_others_do_not_see_it(opened: OpenedTap, as_bob: Client, bob: User) -> None:
    end(opened.tap.call, call_log=[said("user", "Hello.", UNIX - 9)])
    html = as_bob.get(f"/calls/{opened.tap.call_id}").content.decode()
    assert 'id="report"' not in html
    assert "All is well." not in html


def test_a_call_without_latencies_has_no_chart() -> None:
    assert draw([]) is None
