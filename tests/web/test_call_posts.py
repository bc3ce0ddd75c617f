"""What is posted about what is said in calls: who may post, what is stored, what is refused."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from monitor.bus.process import Process
from monitor.models import Call, CallEvent
from monitor.services import call_events, event_urls
from monitor.services.event_urls import Purpose
from monitor.telemetry.redaction import RedactingFormatter
from tests.support.words import AGENT, events, heard, post, said, summary

pytestmark = pytest.mark.django_db


def error_of(response: Any) -> str:
    text = response.json()["error"]
    assert isinstance(text, str)
    return text


class TestWhoMayPost:
    @pytest.mark.parametrize("purpose", ["events", "summary"])
    def test_the_url_that_an_agent_is_given_is_accepted(
        self, client: Client, purpose: Purpose
    ) -> None:
        body = heard("Hello.") if purpose == "events" else summary()
        assert post(client, body, purpose=purpose).json() == {"stored": 1}

    @pytest.mark.parametrize("login", ["", "signalwire:guess", "guess:only-for-tests", "ä:ß"])
    def test_another_login_is_refused(self, client: Client, login: str) -> None:
        response = post(client, heard("Hello."), login=login)
        assert response.status_code == HTTPStatus.UNAUTHORIZED
        assert response["WWW-Authenticate"] == "Basic"
        assert not Call.objects.exists()

    def test_without_a_login_in_the_settings_the_token_is_enough(
        self, client: Client, settings: Settings
    ) -> None:
        settings.SWML_BASIC_AUTH_PASSWORD = ""
        assert "@" not in event_urls.url("events", AGENT)
        assert post(client, heard("Hello."), login="").status_code == HTTPStatus.OK

    @pytest.mark.parametrize(
        "token",
        [
            "guess",
            "guess.guess",
            "1",
            event_urls.make("summary", AGENT),
            event_urls.make("events", AGENT)[:-1],
            event_urls.make("events", AGENT) + "x",
        ],
    )
    def test_a_token_of_another_purpose_or_none_is_refused(
        self, client: Client, token: str
    ) -> None:
        response = post(client, heard("Hello."), token=token)
        assert response.status_code == HTTPStatus.NOT_FOUND
        assert error_of(response) == "no agent has this token"
        assert not Call.objects.exists()

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_only_post_is_answered(self, client: Client, method: str) -> None:
        path = f"/calls/{event_urls.make('events', AGENT)}/events"
        assert getattr(client, method)(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_a_slash_too_many_is_another_path(self, client: Client) -> None:
        path = f"/calls/{event_urls.make('events', AGENT)}/events/"
        assert client.post(path).status_code == HTTPStatus.NOT_FOUND


REFUSED: list[tuple[Purpose, Any, str]] = [
    ("events", b"", "body is not JSON"),
    ("events", b"{", "body is not JSON"),
    ("events", b'{"call_info": {"call_id": NaN}}', "NaN is not a JSON number"),
    ("events", b"[" * 30_000, "body is not JSON"),
    ("events", b"[]", "body is not a JSON object"),
    ("events", {"speech_detect": {}}, "call_info None is not an object"),
    ("events", {"call_info": "x", "barge": {}}, "call_info 'x' is not an object"),
    ("events", {"call_info": {}, "barge": {}}, "call_info.call_id None is not a text"),
    ("events", {"call_info": {"call_id": ""}, "barge": {}}, "call_info.call_id '' is not a text"),
    ("events", {"call_info": {"call_id": 7}, "barge": {}}, "call_info.call_id 7 is not a text"),
    ("events", events("x" * 256, barge={}), "has 256 characters, more than 255"),
    ("events", events("a\x00b", barge={}), "has a character that no call ID has"),
    ("events", events(), "body has no event beside call_info"),
    (
        "events",
        {**events(), **{f"e{n}": {} for n in range(101)}},
        "body has 101 events, more than 100",
    ),
    ("summary", b"{", "body is not JSON"),
    ("summary", {"call_id": "call-1"}, "action None is not 'post_conversation'"),
    ("summary", summary(action="hold"), "action 'hold' is not 'post_conversation'"),
    ("summary", {**summary(), "call_id": None}, "call_id None is not a text"),
]


@pytest.mark.parametrize(("purpose", "body", "says"), REFUSED)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    client: Client, purpose: Purpose, body: Any, says: str
) -> None:
    response = post(client, body, purpose=purpose)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert says in error_of(response)
    assert len(error_of(response)) < 300
    assert not Call.objects.exists()


@pytest.mark.parametrize("depth", [40, 300, 900, 3000, 20_000])
def test_a_deeply_nested_body_is_refused(client: Client, depth: int) -> None:
    raw = json.dumps(events())[:-1].encode() + b', "x": ' + b"[" * depth + b"]" * depth + b"}"
    assert post(client, raw).status_code == HTTPStatus.BAD_REQUEST


def test_an_event_of_more_than_64_kib_is_refused_by_name(client: Client) -> None:
    fits = 64 * 1024 - len('{"text": ""}')
    body = events(llm_request={"text": "x" * fits})
    assert post(client, body).status_code == HTTPStatus.OK
    response = post(client, events(llm_request={"text": "x" * (fits + 1)}))
    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert error_of(response) == "llm_request has 65537 bytes, more than 65536"


def test_a_call_has_a_limited_number_of_events(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_events, "MAX_EVENTS", 3)
    for n in range(3):
        assert post(client, heard(f"Sentence {n}.")).status_code == HTTPStatus.OK
    response = post(client, heard("One more."))
    assert response.status_code == HTTPStatus.CONFLICT
    assert error_of(response) == "the call has 3 events, and no more are kept"
    assert post(client, heard("Sentence 2.")).json() == {"stored": 0}
    # The record of the call is still taken, up to as many.
    assert post(client, summary(), purpose="summary").json() == {"stored": 1}
    log = [said("user", "x")] * 3
    assert post(client, summary(call_log=log), purpose="summary").status_code == HTTPStatus.CONFLICT


def test_a_record_with_too_many_entries_is_refused(client: Client) -> None:
    body = json.dumps(summary()).replace('"call_log": []', f'"call_log": [{"{}," * 20_000}{{}}]')
    response = post(client, body.encode(), purpose="summary")
    assert response.status_code == HTTPStatus.CONFLICT
    assert not CallEvent.objects.exists()


def test_a_stored_conversation_is_asked_for_in_vain_and_ends_no_call(client: Client) -> None:
    post(client, heard("Hello."))
    body = summary(action="fetch_conversation")
    assert post(client, body, purpose="summary").json() == {"stored": 0}
    assert Call.objects.get().ended_at is None


def test_unknown_kinds_and_fields_are_kept(client: Client) -> None:
    told: dict[str, Any] = {"new_in_2030": {"deep": [1, {"x": None}]}, "odd": 7}
    assert post(client, events(**told)).json() == {"stored": 2}
    assert list(CallEvent.objects.order_by("kind").values_list("kind", "payload")) == [
        ("new_in_2030", {"deep": [1, {"x": None}]}),
        ("odd", {"value": 7}),
    ]


def test_characters_that_cannot_be_stored_are_replaced(client: Client) -> None:
    assert post(client, heard("a\x00b\ud800c\u202ed")).status_code == HTTPStatus.OK
    assert CallEvent.objects.get().text == "a\ufffdb\ufffdc\ufffdd"


@pytest.mark.parametrize("own", ["", "https://own:secret@host/"])
def test_logins_and_tokens_in_urls_are_not_stored(client: Client, own: str) -> None:
    url = "https://user:secret@host/agents/desk/swaig?a=1&__token=secret"
    ours = event_urls.url("events", AGENT, own)
    body = events(webhook_fail={"error": "x", "request_url": url, "other": f"see {ours}"})
    assert post(client, body).status_code == HTTPStatus.OK
    payload = CallEvent.objects.get().payload
    assert payload["request_url"] == "https://host/agents/desk/swaig?a=1&__token=…"
    name, *rest = ours.partition("/calls/")[2].split(".")
    assert payload["other"].partition("/calls/")[2] == f"{name}.…/events"
    assert rest
    assert "only-for-tests" not in payload["other"]


def test_posts_are_counted_by_their_outcome(client: Client, process: Process) -> None:
    post(client, heard("Hello."))
    post(client, heard("Hello."))
    post(client, summary(call_log=[said("user", "Hello.")]), purpose="summary")
    post(client, summary(action="fetch_conversation"), purpose="summary")
    post(client, b"{")
    post(client, heard("Hello."), token="guess")
    post(client, heard("Hello."), login="guess:guess")
    counted = process.metrics.take()
    posts = {name: n for name, n in counted.items() if name.startswith("call_")}
    assert posts == {
        "call_posts|stored": 2,
        "call_posts|repeated": 1,
        "call_posts|ignored": 1,
        "call_posts|400": 1,
        "call_posts|401": 1,
        "call_posts|404": 1,
        "call_events|live": 1,
        "call_events|authority": 2,
    }


def test_no_log_line_has_a_text_or_a_token(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(client, heard("The secret sentence."))
    post(client, summary(call_log=[said("user", "The secret sentence.")]), purpose="summary")
    post(client, {**heard("The secret sentence."), "call_info": "The secret sentence."})
    lines = [RedactingFormatter().format(record) for record in caplog.records]
    assert any("Bad Request: /calls/…/events" in line for line in lines)
    assert "secret sentence" not in "".join(lines)
    assert event_urls.make("events", AGENT) not in "".join(lines)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    told=st.dictionaries(
        st.sampled_from(
            ["speech_detect", "conversation_add", "function_call", "hold", "barge", "session_end"]
        )
        | st.text(max_size=70),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["text", "role", "content", "timestamp", "source"])
                    | st.text(max_size=5),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
        max_size=4,
    ),
    purpose=st.sampled_from(["events", "summary"]),
)
def test_whatever_the_fields_hold_it_is_stored_or_refused(
    client: Client, told: dict[str, Any], purpose: Purpose
) -> None:
    """Random fields never cause a server error."""
    body = {**events(), **told} if purpose == "events" else summary(**{**told, "call_log": [told]})
    response = post(client, body, purpose=purpose)
    assert response.status_code in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
