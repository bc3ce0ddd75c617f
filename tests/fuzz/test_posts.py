"""Whatever is posted where SignalWire posts is taken or refused, and costs nothing else."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import CallEvent, Tap
from monitor.services import event_urls, tap_urls, taps
from monitor.services.event_urls import Purpose
from monitor.services.taps import OpenedTap
from tests.support.fuzz import damaged, examples, messages
from tests.support.rows import read
from tests.support.status import body, post
from tests.support.words import AGENT, CALL, events, heard, said, summary, tool
from tests.support.words import post as post_words

EXAMPLE = {
    "event_type": "calling.call.tap",
    "timestamp": 1640000000.123,
    "params": {"call_id": "call-1", "control_id": "control-1", "state": "tapping", "tap": {}},
}
LIVE = [heard("Hello."), tool(error="no answer"), events(conversation_add={"role": "user"})]
RECORD = summary(call_log=[said("user", "Hello.", 1_700_000_000.0)], swaig_log=[{"epoch_time": 1}])
BODIES: dict[Purpose, st.SearchStrategy[bytes]] = {
    "events": messages(*LIVE),
    "summary": messages(RECORD),
}
TAKEN = (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
REFUSED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


@examples(300)
@given(raw=messages(EXAMPLE))
def test_a_signed_status_of_any_bytes(client: Client, opened: OpenedTap, raw: bytes) -> None:
    bystander = taps.open_tap("call-2").tap
    response = post(client, opened, raw)
    assert response.status_code in TAKEN
    assert response.status_code == HTTPStatus.OK or response.json()["error"]
    assert Tap.objects.get(pk=bystander.pk).state == "requested"
    bystander.call.delete()


def test_and_the_next_status_is_still_taken(client: Client, opened: OpenedTap) -> None:
    for raw in (b"\xff", b"[", b'{"event_type": 1}', json.dumps(EXAMPLE).encode()):
        post(client, opened, raw)
    post(client, opened, body(opened, "finished"))
    assert read(opened).state == "finished"


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", BODIES)
@examples(250)
@given(data=st.data())
def test_words_of_any_bytes(client: Client, purpose: Purpose, data: st.DataObject) -> None:
    raw = data.draw(BODIES[purpose])
    response = post_words(client, raw, purpose=purpose)
    assert response.status_code in (*TAKEN, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    kept = CallEvent.objects.exclude(call__call_id=CALL)
    assert response.status_code == HTTPStatus.OK or not kept.filter(text=raw.decode("latin1"))


@pytest.mark.django_db
@examples(300)
@given(data=st.data(), kind=st.sampled_from(["status", "events", "summary"]))
def test_tokens_of_any_bytes_open_nothing(client: Client, data: st.DataObject, kind: str) -> None:
    tap = taps.open_tap("call-1").tap if not Tap.objects.exists() else Tap.objects.get()
    good = tap_urls.make("status", tap.pk) if kind == "status" else event_urls.make("events", AGENT)
    strange = data.draw(st.binary(max_size=60) | damaged(good.encode()))
    quoted = "".join(f"%{byte:02x}" for byte in strange)
    path = f"/{'tap' if kind == 'status' else 'calls'}/{quoted}/{kind}"
    response = client.post(path, b"{}", content_type="application/json")
    right = strange.decode("latin1") == good
    assert right or response.status_code in (*REFUSED, HTTPStatus.UNAUTHORIZED)


@examples(400)
@given(strange=st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode("latin1")))
def test_tokens_of_any_text_name_nothing(strange: str) -> None:
    assert tap_urls.read("media", strange) is None
    assert tap_urls.read("status", strange) is None
    assert event_urls.read("events", strange) is None
    assert event_urls.read("summary", strange) is None
