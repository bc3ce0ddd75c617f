"""What a sender may send as text on a tap's socket, before its audio and after."""

from __future__ import annotations

import json

import pytest

from monitor.audio import g711
from monitor.wire import frame
from tests.support.servers import Server
from tests.support.talk import CHUNK, closing, open_tap, payload
from tests.support.taps import assert_ring, closed_row, frames_of, reasons, send

ALAW = '{"content-type":"audio/alaw;rate=8000"}'
CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'
START = json.dumps(
    {"event": "start", "start": {"mediaFormat": {"encoding": "audio/x-mulaw", "channels": 1}}}
)
MEDIA = '{"event":"media","media":{"track":"inbound","payload":"%s"}}' % ("/38A" * 40)
A_STREAM = "JSON media messages: this is a `stream`, not a `tap`, whose audio is binary"


def lines_about(server: Server, tap_id: object) -> list[str]:
    return [line for line in server.said().splitlines() if str(tap_id) in line]


async def test_json_with_audio_in_it_closes_with_what_it_seems_to_be(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        for text in (CONNECTED, START, MEDIA):
            await sender.send(text)
        assert await closing(sender) == (1003, A_STREAM)
    tap = await closed_row(opened.tap)
    assert [one for one in await reasons(tap) if A_STREAM in one] == [
        f"media closed: {A_STREAM}; text messages that name no audio type: 2"
    ]
    assert len(lines_about(server, tap.pk)) == 1


async def test_json_with_audio_in_it_beside_binary_audio_ends_nothing(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 1)
        await sender.send(MEDIA)
        await send(sender, 1, first=1)
    assert (await closed_row(opened.tap)).frames == 2


async def test_texts_that_name_no_type_are_noted_once(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        for _ in range(300):
            await sender.send('{"event":"mark"}')
    tap = await closed_row(opened.tap)
    said = "text messages that name no audio type: 300"
    assert [one for one in await reasons(tap) if "text" in one] == [
        f"media closed: the connection closed (1000); {said}"
    ]
    assert len(lines_about(server, tap.pk)) == 1


async def test_a_type_named_after_the_first_audio_holds_for_all_undecoded_audio(
    server: Server,
) -> None:
    """The first 20 ms are no whole Frame yet, so nothing was decoded wrongly."""
    opened = await open_tap(codec="PCMU")
    async with server.tap(opened.uri) as sender:
        sent = await send(sender, 1)
        await sender.send(ALAW)
        sent += await send(sender, 5, first=1)
    tap = await closed_row(opened.tap)
    await assert_ring(tap, g711.decode("PCMA", sent))
    assert (tap.codec, tap.content_type, tap.gaps) == ("PCMA", "audio/alaw;rate=8000", 0)
    assert "media is PCMA though PCMU was asked for" in await reasons(tap)


async def test_audio_decoded_wrongly_before_its_type_was_named_is_noted(
    server: Server,
) -> None:
    """Frames that were sent cannot be taken back, so the next one says that there is a gap."""
    opened = await open_tap(codec="PCMU")
    wrong, right = payload(0, CHUNK), payload(1, CHUNK)
    async with server.tap(opened.uri) as sender:
        await sender.send(wrong)
        await sender.send(ALAW)
        await sender.send(right * 2)
    tap = await closed_row(opened.tap)
    await assert_ring(tap, g711.decode("PCMU", wrong) + g711.decode("PCMA", right * 2))
    flags = [frame.unpack_header(one).flags for one in await frames_of(tap)]
    assert flags == [frame.Flag.NONE, frame.Flag.GAP, frame.Flag.NONE]
    assert (tap.codec, tap.gaps) == ("PCMA", 1)
    note = "media is PCMA though PCMU was asked for; its first 60 ms were decoded as PCMU"
    assert note in await reasons(tap)


@pytest.mark.parametrize(
    ("first", "seconds"), [(None, 1.02), ('{"content-type":"audio/mulaw"}', 0.02)]
)
async def test_a_type_that_changes_later_or_for_a_second_time_closes(
    server: Server, first: str | None, seconds: float
) -> None:
    opened = await open_tap(codec="PCMU")
    async with server.tap(opened.uri) as sender:
        if first:
            await sender.send(first)
        await sender.send(payload(0, int(seconds * 8000)))
        await sender.send(ALAW)
        assert await closing(sender) == (1003, "format changed from PCMU to PCMA")
