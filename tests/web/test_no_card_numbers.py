"""A card number that was said is nowhere: in no row, answer, export, log line, metric or error."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from monitor.bus.process import this_process
from monitor.models import Call, CallEvent
from monitor.telemetry.redaction import RedactingFormatter
from tests.support.words import CALL, events, heard, post, said, summary
from tests.wire.test_card_numbers import SAID
from tests.wire.test_spread_numbers import split

pytestmark = pytest.mark.django_db

SPREAD = [split(f"It is {text}", 3) for text in SAID[1:12]]
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")  # of a character in JSON
#: What must be nowhere: each of the fifty, and each piece of those in pieces but a word or two.
SECRETS = [*SAID, *(piece for pieces in SPREAD for piece in pieces if len(piece) > 12)]


def tell_all(client: Client) -> None:
    """Post all the ways to say a number, in every place that SignalWire has for words."""
    for number in SAID:
        sentence = f"My card is {number}; thank you."
        body = events(
            speech_detect={"text": sentence, "source": "final"},
            oart_user_transcript={"text": sentence, "source": "partial"},
            conversation_add=said("assistant", sentence),
            function_call={"function": sentence, "arguments": {number: [number]}},
            webhook_fail={"error": sentence},
            of_2030={"x": {"y": sentence}},
        )
        assert post(client, body).status_code == HTTPStatus.OK
    for pieces in SPREAD:
        for piece in pieces:
            assert post(client, heard(piece)).status_code == HTTPStatus.OK
    log = [said("user", f"It is {number}, once more.") for number in SAID]
    record = summary(
        call_log=log,
        raw_call_log=[{**entry, "barged": True, "text_heard_approx": SAID[0]} for entry in log],
        swaig_log=[{"command_name": "pay", "command_arg": json.dumps({"n": one})} for one in SAID],
        conversation_summary="\n".join(SAID),
        post_prompt_data={"raw": "\n".join(SAID), "substituted": "; ".join(SAID)},
        global_data={number: number for number in SAID},
        caller_id_name="4111 1111 1111 1111",
    )
    assert post(client, record, purpose="summary").status_code == HTTPStatus.OK


def rows() -> Iterator[str]:
    """Yield all that is in the database, as text."""
    for model in apps.get_models():
        for values in model._default_manager.values():
            yield json.dumps(values, default=str, ensure_ascii=False)


def addresses(call: Call) -> Iterator[str]:
    """Yield every address of a call, and every page and export of the admin's lists."""
    for name in {str(key) for key in get_resolver().reverse_dict if isinstance(key, str)}:
        try:
            yield reverse(name, kwargs={"call_id": call.pk})
        except NoReverseMatch:
            continue
    yield "/"
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield from (base, f"{base}export.csv")
        yield from (f"{base}{row.pk}/change/" for row in model._default_manager.all()[:3])


def content(response: Any) -> str:
    if not response.streaming:
        return str(response.content.decode())

    async def read() -> bytes:
        return b"".join([part async for part in response])

    joined = async_to_sync(read)() if response.is_async else b"".join(response)
    return joined.decode("utf-8-sig")


def secrets_in(text: str) -> list[str]:
    unescaped = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return [one for one in SECRETS if one in text or one in unescaped]


@pytest.fixture
def told(client: Client, caplog: pytest.LogCaptureFixture) -> Call:
    with caplog.at_level(logging.DEBUG):
        tell_all(client)
    return Call.objects.get(call_id=CALL)


def test_it_is_in_no_row(told: Call) -> None:
    # What differs in the number only is one event then.
    assert CallEvent.objects.filter(call=told).count() > 2 * len(SAID)
    assert [found for row in rows() for found in secrets_in(row)] == []


@pytest.mark.usefixtures("given_back")
def test_it_is_in_no_answer_page_or_export(told: Call, admin_client: Client) -> None:
    texts = {}
    for address in addresses(told):
        response = admin_client.get(address)
        if response.status_code == HTTPStatus.OK:
            texts[address] = content(response)
    assert any("••••" in text or "\\u2022" in text for text in texts.values())
    assert {address: found for address, text in texts.items() if (found := secrets_in(text))} == {}


def test_it_is_in_no_log_line_and_no_metric(told: Call, caplog: pytest.LogCaptureFixture) -> None:
    lines = [RedactingFormatter().format(record) for record in caplog.records]
    assert [found for line in lines for found in secrets_in(line)] == []
    assert secrets_in(json.dumps(this_process().metrics.take())) == []


def test_it_is_on_no_error_page(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ValueError("the database is full")

    client.raise_request_exception = False
    monkeypatch.setattr(CallEvent.objects, "bulk_create", fail)
    with caplog.at_level(logging.DEBUG):
        for number in SAID:
            response = post(client, heard(f"It is {number}."))
            assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
            assert secrets_in(content(response)) == []
    lines = [RedactingFormatter().format(record) for record in caplog.records]
    assert [found for line in lines for found in secrets_in(line)] == []
