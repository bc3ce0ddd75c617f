"""A call as a vCon, and who may save it."""

from __future__ import annotations

import json
from http import HTTPStatus

import jsonschema_rs
import pytest
from django.test import Client

from monitor.adapters.carriers.signalwire import words
from monitor.admin import vcon
from monitor.models import AdminAction, Call
from monitor.services import call_events, taps
from tests.support.rows import NOW
from tests.support.vcon import SCHEMA
from tests.support.words import AGENT, CALL, heard, said, summary

pytestmark = pytest.mark.django_db

UNIX = NOW.timestamp()


@pytest.fixture
def call() -> Call:
    """A call that is over, in which both parties spoke and a tool was used."""
    log = [
        said("assistant", "Good morning.", UNIX - 9),
        said("user", "I want a refund.", UNIX - 7.5),
    ]
    tools = [{"command_name": "look_up", "epoch_time": int(UNIX - 5)}]
    report = words.parse_summary(json.dumps(summary(call_log=log, swaig_log=tools)).encode())
    assert report
    call_events.record(AGENT, report, NOW)
    return Call.objects.get()


def test_it_is_valid(call: Call) -> None:
    jsonschema_rs.validate(SCHEMA, vcon.document(call))


def test_a_call_of_which_little_is_known_is_valid_too() -> None:
    call_events.record(AGENT, words.parse_events(json.dumps(heard("Hello.")).encode()), NOW)
    document = vcon.document(Call.objects.get())
    jsonschema_rs.validate(SCHEMA, document)
    assert "analysis" not in document


def test_it_has_the_parties_what_they_said_and_the_summary(call: Call) -> None:
    document = vcon.document(call)
    assert document["parties"] == [
        {"tel": "+15551230000", "name": "Ann Lee", "type": "person"},
        {"name": AGENT, "type": "bot"},
    ]
    assert [(one["parties"], one["body"]) for one in document["dialog"]] == [
        (1, "Good morning."),
        (0, "I want a refund."),
    ]
    assert document["dialog"][1]["start"] == "2030-01-01T11:59:52.500Z"
    (made,) = document["analysis"]
    assert (made["type"], made["body"], made["dialog"]) == ("summary", "All is well.", [0, 1])


def test_it_has_how_the_parties_were_told_of_each_tap(call: Call) -> None:
    assert "attachments" not in vcon.document(call)
    opened = taps.open_tap(CALL, direction="speak", notice="tone")
    taps.open_tap(CALL, direction="listen")
    document = vcon.document(call)
    jsonschema_rs.validate(SCHEMA, document)
    by_tone, untold = document["attachments"]
    assert json.loads(by_tone["body"]) == {"leg": "speak", "notice": "tone"}
    assert json.loads(untold["body"]) == {"leg": "listen", "notice": ""}
    assert (by_tone["party"], by_tone["dialog"]) == (1, 0)
    assert by_tone["start"][:19] == opened.tap.requested_at.isoformat()[:19]


def test_a_notice_names_no_dialog_where_nothing_was_said() -> None:
    tap = taps.open_tap("silent", notice="contract").tap
    document = vcon.document(tap.call)
    jsonschema_rs.validate(SCHEMA, document)
    [notice] = document["attachments"]
    assert "dialog" not in notice


def test_its_uuid_is_that_of_the_call(call: Call) -> None:
    assert vcon.document(call)["uuid"] == vcon.document(call)["uuid"]
    other = Call.objects.create(call_id="another", created_at=call.created_at)
    assert vcon.document(other)["uuid"] != vcon.document(call)["uuid"]


class TestTheHistory:
    def test_it_saves_a_file_and_logs_that(self, as_root: Client, call: Call) -> None:
        answer = as_root.get(f"/admin/monitor/call/{call.pk}/vcon/")
        assert answer["Content-Disposition"] == f'attachment; filename="call-{call.pk}.vcon.json"'
        assert json.loads(answer.content) == vcon.document(call)
        action = AdminAction.objects.get(kind=AdminAction.Kind.EXPORTED)
        assert action.object_repr == CALL

    def test_its_page_has_a_link(self, as_root: Client, call: Call) -> None:
        html = as_root.get(f"/admin/monitor/call/{call.pk}/change/").content.decode()
        assert f"/admin/monitor/call/{call.pk}/vcon/" in html

    def test_only_who_may_read_words_may_have_it(self, as_bob: Client, call: Call) -> None:
        url = f"/admin/monitor/call/{call.pk}/vcon/"
        assert as_bob.get(url).status_code == HTTPStatus.FORBIDDEN
        page = as_bob.get(f"/admin/monitor/call/{call.pk}/change/").content.decode()
        assert url not in page

    def test_there_is_none_of_no_call(self, as_root: Client) -> None:
        assert as_root.get("/admin/monitor/call/77/vcon/").status_code == HTTPStatus.NOT_FOUND
