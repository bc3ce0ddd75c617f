"""A call of which a number, a name and a word are told in every way there is."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.test import Client

from monitor.models import Call
from monitor.services import taps
from tests.support import status
from tests.support.words import CALL, events, heard, post, said, summary

NUMBER, NAME, WORD = "+12025550177", "Quartermaine", "persimmon"
DIGITS = NUMBER[1:]
SECRETS = (DIGITS, NAME, WORD)
SENTENCE = f"My {WORD} is {NAME}'s, at {NUMBER}."


def tell_all(client: Client) -> Call:
    """Tell it as the agent and the carrier do, until the call is over."""
    opened = taps.open_tap(
        CALL, agent="receptionist", caller=NUMBER, caller_name=NAME, reason=SENTENCE
    )
    taps.ask_for_help(CALL, SENTENCE)
    for state in ("tapping", "tapping", "finished"):
        content = status.body(opened, state, note={NUMBER: SENTENCE})
        assert status.post(client, opened, content).status_code == HTTPStatus.OK
    during = events(
        oart_user_transcript={"text": SENTENCE, "source": "partial"},
        conversation_add=said("assistant", SENTENCE),
        function_call={"function": "find", "arguments": {NUMBER: SENTENCE}},
        webhook_fail={"error": SENTENCE},
        of_2030={"x": {"y": SENTENCE}},
    )
    log = [said("user", SENTENCE), said("assistant", SENTENCE)]
    record = summary(
        call_log=log,
        raw_call_log=log,
        swaig_log=[{"command_name": "find", "command_arg": json.dumps({"who": SENTENCE})}],
        conversation_summary=SENTENCE,
        post_prompt_data={"raw": SENTENCE, "substituted": SENTENCE},
        global_data={NUMBER: SENTENCE},
        caller_id_number=NUMBER,
        caller_id_name=NAME,
    )
    ended = events(session_end={"reason": SENTENCE})
    for body in (heard(SENTENCE), during, ended):
        assert post(client, body).status_code == HTTPStatus.OK
    assert post(client, record, purpose="summary").status_code == HTTPStatus.OK
    return Call.objects.get(call_id=CALL)


def look_for_it(client: Client, call: Call) -> None:
    """Look for it and read it, as somebody who may do everything does."""
    view = {"views": [{"name": NAME, "query": f"text={NUMBER}"}]}
    client.post("/settings", view, content_type="application/json")
    calls = "/admin/monitor/call/"
    for path in (
        f"/calls/{call.pk}",
        f"{calls}?q=%2B{DIGITS}",
        f"{calls}?said={WORD}",
        f"{calls}{call.pk}/change/",
        f"/admin/monitor/tap/export.csv?q=%2B{DIGITS}",
        f"{calls}words.csv?said={WORD}",
        f"{calls}{call.pk}/vcon/",
    ):
        assert client.get(path).status_code == HTTPStatus.OK
    wrong = {"username": "root", "password": "wrong"}
    Client().post(f"/login?next={calls}%3Fq={NUMBER}", wrong)
