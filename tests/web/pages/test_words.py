"""The pages' scripts get their words about taps from the server, and know the same values."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from monitor.audio.g711 import CODECS
from monitor.models import CallState, Direction, OrderKind, TapState, Transport
from monitor.services.taps import OpenedTap
from monitor.web import tap_words
from monitor.web.orders import REFUSALS
from monitor.wire.call_control import ControlError

ROOT = Path(__file__).parents[3]
SPRITE = (ROOT / "templates/includes/icons.html").read_text()
MESSAGES = (ROOT / "static/js/wire/messages.js").read_text()

pytestmark = pytest.mark.django_db


def words_on(page: str) -> Any:
    """Return the words that a page was handed."""
    (handed,) = re.findall(r'data-words="([^"]+)"', page)
    return json.loads(html.unescape(handed))


def test_the_live_list_is_handed_the_words(as_alice: Client) -> None:
    assert words_on(as_alice.get("/").content.decode()) == json.loads(tap_words.for_scripts())


def test_the_page_of_a_call_is_handed_the_words(as_alice: Client, opened: OpenedTap) -> None:
    page = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
    assert words_on(page) == json.loads(tap_words.for_scripts())


@pytest.mark.parametrize("table", ["states", "hints"])
def test_every_state_has_its_word(table: str) -> None:
    assert json.loads(tap_words.for_scripts())[table].keys() == set(CallState.values)


@pytest.mark.parametrize("state", CallState.values)
def test_every_state_has_an_icon_of_its_name(state: str) -> None:
    assert f'id="i-{state}"' in SPRITE


@pytest.mark.parametrize("kind", OrderKind)
def test_every_error_of_an_order_has_its_sentences(kind: OrderKind) -> None:
    words = json.loads(tap_words.for_scripts())["orders"]
    assert words["underWay"][kind]
    assert words["errors"][kind].keys() == set(ControlError)


def test_every_refusal_of_an_order_has_its_sentence() -> None:
    words = json.loads(tap_words.for_scripts())["orders"]["refusals"]
    answered = {word for _, word in REFUSALS.values()} | {"signed_out", "not_allowed"}
    assert answered < words.keys()


def test_a_stop_that_failed_offers_no_second_try() -> None:
    words = json.loads(tap_words.for_scripts())["orders"]["errors"]
    assert "Try again" in words["start"]["no_answer"]
    assert not [one for one in words["stop"].values() if "again" in one]


def test_scripts_and_admin_show_the_same_labels() -> None:
    words = json.loads(tap_words.for_scripts())
    assert words["states"] == dict(CallState.choices)
    assert words["directions"] == dict(Direction.choices)


@pytest.mark.parametrize(
    ("declaration", "values"),
    [
        (r"@typedef \{(.+)\} TapState", TapState.values),
        (r"@typedef \{TapState \| (.+)\} CallState", [CallState.UNTAPPED]),
        (r"@typedef \{(.+)\} Direction", Direction.values),
        (r"@property \{(.+)\} codec", CODECS),
        (r"@property \{(.+)\} transport", Transport.values),
        (r"@typedef \{(.+)\} OrderKind", OrderKind.values),
    ],
)
def test_the_scripts_types_have_the_servers_values(declaration: str, values: list[str]) -> None:
    (declared,) = re.findall(declaration, MESSAGES)
    assert re.findall(r'"(\w+)"', declared) == list(values)
