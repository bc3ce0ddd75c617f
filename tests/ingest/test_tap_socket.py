"""What a sender may do with a tap's socket, and what follows from it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from http import HTTPStatus
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.utils import timezone

from monitor.audio import g711
from monitor.models import Tap
from monitor.services import media, tap_urls
from monitor.wire import frame
from tests.support.servers import Server
from tests.support.talk import closing, open_tap, payload, refusal
from tests.support.taps import (
    MULAW,
    assert_ring,
    closed_row,
    frames_of,
    reasons,
    ring_of,
    row,
    send,
)
from tests.support.waiting import eventually

OPENINGS = {
    "JSON content-type": MULAW,
    "JSON format": '{"format":"audio/mulaw","rate":8000}',
    "bare string": "content-type:audio/mulaw;rate=8000",
    "nothing": None,
    "text about something else": '{"event":"connected"}',
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS.keys())
async def test_every_known_opening_is_followed_by_audio(
    server: Server, opening: str | None
) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        if opening:
            await sender.send(opening)
        sent = await send(sender, 5)
    await closed_row(opened.tap)
    await assert_ring(opened.tap, g711.decode("PCMU", sent))


async def test_the_audio_type_named_on_the_socket_wins_over_the_one_asked_for(
    server: Server,
) -> None:
    opened = await open_tap(codec="PCMU")
    async with server.tap(opened.uri) as sender:
        await sender.send('{"content-type":"audio/alaw;rate=8000"}')
        sent = await send(sender, 3)
    tap = await closed_row(opened.tap)
    await assert_ring(tap, g711.decode("PCMA", sent))
    assert (tap.codec, tap.content_type) == ("PCMA", "audio/alaw;rate=8000")
    assert "media is PCMA though PCMU was asked for" in await reasons(tap)


async def test_a_sender_that_names_no_type_sends_the_one_asked_for(server: Server) -> None:
    opened = await open_tap(codec="PCMA")
    async with server.tap(opened.uri) as sender:
        sent = await send(sender, 3)
    await assert_ring(await closed_row(opened.tap), g711.decode("PCMA", sent))


@pytest.mark.parametrize("sizes", [[0, 1, 159, 161, 320, 7], [8000], [3] * 200])
async def test_messages_of_any_length_lose_nothing(server: Server, sizes: list[int]) -> None:
    opened = await open_tap()
    sent = [payload(number, size) for number, size in enumerate(sizes)]
    async with server.tap(opened.uri) as sender:
        for one in sent:
            await sender.send(one)
    tap = await closed_row(opened.tap)
    await assert_ring(tap, g711.decode("PCMU", b"".join(sent)))
    assert tap.bytes == sum(sizes)


REFUSED_TYPES = {
    "opus": ('{"content-type":"audio/opus"}', "'audio/opus' is not audio/mulaw or audio/alaw"),
    "another rate": ('{"content-type":"audio/mulaw;rate=16000"}', "rate '16000' is not 8000"),
    "linear": ("content-type:audio/l16;rate=8000", "is not audio/mulaw or audio/alaw"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED_TYPES.values(), ids=REFUSED_TYPES.keys())
async def test_audio_that_cannot_be_decoded_closes_with_a_reason_that_is_kept(
    server: Server, text: str, why: str
) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await sender.send(text)
        code, reason = await closing(sender)
    assert code == 1003
    assert why in reason
    await closed_row(opened.tap)
    assert any(why in kept for kept in await reasons(opened.tap))


async def test_a_second_text_that_changes_the_format_closes_and_keeps_what_came(
    server: Server,
) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await sender.send(MULAW)
        sent = await send(sender, 4)
        await sender.send('{"content-type":"audio/alaw;rate=8000"}')
        assert await closing(sender) == (1003, "format changed from PCMU to PCMA")
    tap = await closed_row(opened.tap)
    assert tap.bytes == len(sent)
    await assert_ring(tap, g711.decode("PCMU", sent))


async def test_the_same_format_may_be_named_twice(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await sender.send(MULAW)
        await send(sender, 1)
        await sender.send("audio/mulaw")
        await send(sender, 1, first=1)
    assert (await closed_row(opened.tap)).frames == 2


TOO_BIG = {"binary": b"\xff" * 65_537, "text": "x" * 65_537, "16 MiB": b"\xff" * 2**24}


@pytest.mark.parametrize("message", TOO_BIG.values(), ids=TOO_BIG.keys())
async def test_a_message_over_64_kib_closes_1009_and_what_came_before_is_counted(
    server: Server, message: Any
) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 2)
        with contextlib.suppress(websockets.ConnectionClosed):  # it is not read to its end
            await sender.send(message)
        code, _ = await closing(sender)
    assert code == 1009
    assert (await closed_row(opened.tap)).frames == 2


async def test_a_message_of_exactly_64_kib_is_taken(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await sender.send(b"\xff" * 65_536)
    assert (await closed_row(opened.tap)).bytes == 65_536


async def test_a_flood_is_closed_with_a_reason_and_counted(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        for _ in range(10):  # 82 s of audio at once
            await sender.send(b"\xff" * 65_536)
        assert await closing(sender) == (1008, "over 60 s of audio ahead of real time")
    assert (await closed_row(opened.tap)).bytes == 7 * 65_536


class TestTokens:
    """A token that is not valid is refused in the handshake with 403."""

    async def refused(self, server: Server, uri: str) -> bool:
        return await refusal(server.tap(uri)) == HTTPStatus.FORBIDDEN

    async def test_a_token_that_was_not_made_here_is_refused(self, server: Server) -> None:
        assert await self.refused(server, "ws://x/tap/nonsense")

    async def test_a_token_with_a_changed_character_is_refused(self, server: Server) -> None:
        uri = (await open_tap()).uri
        assert await self.refused(server, uri[:-1] + ("A" if uri[-1] != "A" else "B"))

    async def test_a_token_for_the_status_url_is_refused(self, server: Server) -> None:
        tap = (await open_tap()).tap
        assert await self.refused(server, f"ws://x/tap/{tap_urls.make('status', tap.pk)}")

    async def test_a_token_not_used_for_120_s_is_refused(self, server: Server) -> None:
        opened = await open_tap()
        asked = timezone.now() - datetime.timedelta(seconds=121)
        await Tap.objects.filter(pk=opened.tap.pk).aupdate(requested_at=asked)
        assert await self.refused(server, opened.uri)

    async def test_the_token_of_a_tap_that_has_ended_is_refused(self, server: Server) -> None:
        opened = await open_tap()
        await Tap.objects.filter(pk=opened.tap.pk).aupdate(state="finished")
        assert await self.refused(server, opened.uri)

    async def test_a_token_in_use_for_longer_may_connect_again(self, server: Server) -> None:
        opened = await open_tap()
        async with server.tap(opened.uri) as sender:
            await send(sender, 1)
        await closed_row(opened.tap)
        asked = timezone.now() - datetime.timedelta(hours=1)
        await Tap.objects.filter(pk=opened.tap.pk).aupdate(requested_at=asked)
        async with server.tap(opened.uri) as sender:
            await send(sender, 1)


async def test_no_token_is_in_the_servers_log(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 1)
    await closed_row(opened.tap)
    assert opened.uri.rpartition("/")[2] not in server.said()


async def test_a_second_live_socket_is_refused_and_the_first_goes_on(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 1)
        assert await refusal(server.tap(opened.uri)) == HTTPStatus.FORBIDDEN
        await send(sender, 1)
    assert (await closed_row(opened.tap)).frames == 2


async def test_a_socket_replaces_one_that_is_silent_for_3_s_and_flags_the_gap(
    server: Server,
) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as silent:
        await send(silent, 3)

        async def replaced() -> websockets.ClientConnection | None:
            try:
                return await server.tap(opened.uri)
            except websockets.InvalidStatus:
                return None

        started = asyncio.get_running_loop().time()
        second: websockets.ClientConnection = await eventually(replaced)
        waited = asyncio.get_running_loop().time() - started
        await send(second, 3)
        await send(silent, 1)  # wakes up too late
        assert (await closing(silent))[0] == 4409
        await second.close()
    tap = await closed_row(opened.tap)
    assert 2.5 < waited < 6
    assert tap.gaps >= 1
    frames = await frames_of(tap)
    flagged = [one for one in frames if frame.unpack_header(one).flags & frame.Flag.GAP]
    assert len(flagged) == 1
    # The audio between the two sockets is lost, but its time counts.
    assert frame.unpack_header(flagged[0]).position > 3 * 8000


async def test_the_row_holds_what_came_and_why_it_ended(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 7)
        tap = await row(opened.tap)
        assert (tap.state, tap.media_closed_at) == ("tapping", None)
    tap = await closed_row(opened.tap)
    assert (tap.frames, tap.bytes, tap.gaps) == (7, 7 * 160, 0)
    assert (await reasons(tap))[-1] == "media closed: the connection closed (1000)"


async def test_a_sender_that_vanishes_without_a_close_frame_is_counted_too(
    server: Server,
) -> None:
    opened = await open_tap()
    sender = await server.tap(opened.uri)
    await send(sender, 5)
    sender.transport.abort()
    assert (await closed_row(opened.tap)).frames == 5


async def test_media_alone_starts_a_tap_and_its_end_alone_loses_it(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 1)
    await closed_row(opened.tap)
    end_lost = database_sync_to_async(media.end_lost)
    assert await end_lost(timezone.now() + datetime.timedelta(seconds=59)) == (0, 0)
    assert await end_lost(timezone.now() + datetime.timedelta(seconds=61)) == (1, 0)
    assert (await row(opened.tap)).state == "lost"


async def test_media_that_comes_back_continues_a_lost_tap_after_a_gap(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        await send(sender, 3)
    await closed_row(opened.tap)
    later = timezone.now() + datetime.timedelta(seconds=61)
    await database_sync_to_async(media.end_lost)(later)
    assert (await row(opened.tap)).state == "lost"
    async with server.tap(opened.uri) as sender:
        await send(sender, 3)
        tap = await row(opened.tap)
        assert (tap.state, tap.ended_at) == ("tapping", None)
    await ring_of(opened.tap, 6 * 320)
    first, second = await frames_of(tap)
    assert frame.unpack_header(second).flags & frame.Flag.GAP
    assert frame.position_of(second) > frame.sample_count(first)


async def test_a_browsers_origin_does_not_matter_here(server: Server) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri, origin="https://elsewhere.example") as sender:
        await send(sender, 1)
    assert (await closed_row(opened.tap)).frames == 1


async def test_an_unknown_socket_path_is_refused_without_a_traceback(server: Server) -> None:
    connecting = websockets.connect(server.ws_url + "/nowhere")
    assert await refusal(connecting) == HTTPStatus.FORBIDDEN
    assert "Traceback" not in server.said()
