"""An RTP tap tells what it received where that is not what was asked for."""

from __future__ import annotations

from typing import Any

from monitor.audio import g711
from monitor.bus.keys import METERS
from monitor.bus.redis import new_async_client
from monitor.models import Tap
from tests.support.rtp_talk import SAMPLES, Sender, counted, end, open_rtp
from tests.support.servers import RtpTaps
from tests.support.talk import payload
from tests.support.taps import assert_ring, closed_row, packet_figures, reasons, row
from tests.support.valkey import json_of, parse_entries
from tests.support.waiting import eventually


async def noted(tap: Tap, reason: str) -> None:
    async def look() -> bool:
        return reason in await reasons(tap)

    await eventually(look)


async def meters_of(tap: Tap) -> dict[str, Any] | None:
    """Return the figures of a tap that pages were sent last."""
    client = new_async_client()
    try:
        entries = parse_entries(await client.xrange(METERS))
    finally:
        await client.aclose()
    told = [batch.get("packets", {}) for batch in json_of(entries)]
    mine = [one[str(tap.pk)] for one in told if str(tap.pk) in one]
    return mine[-1] if mine else None


async def test_an_unexpected_codec_is_in_the_row_the_timeline_and_the_figures(
    rtp_taps: RtpTaps,
) -> None:
    opened = await open_rtp(codec="PCMU")
    with Sender(opened.uri) as sender:
        sent = await sender.speak([payload(number) for number in range(30)], payload_type=8)
    await assert_ring(opened.tap, g711.decode("PCMA", sent))
    await noted(opened.tap, "media is PCMA though PCMU was asked for")
    await end(opened.tap)
    tap = await closed_row(opened.tap)
    assert tap.codec == "PCMA"
    figures = packet_figures(tap)
    assert (figures["pcma"], figures["pcmu"], figures["played"]) == (30, 0, 30)


async def test_a_codec_that_changes_within_a_call_is_noted_once(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp(codec="PCMU")
    with Sender(opened.uri) as sender:
        for payload_type in (0, 8, 0, 8):
            await sender.speak([payload(number) for number in range(8)], payload_type)
    await noted(opened.tap, "media is PCMA though PCMU was asked for")
    await end(opened.tap)
    tap = await closed_row(opened.tap)
    assert tap.codec == "PCMA"
    assert sum("was asked for" in reason for reason in await reasons(tap)) == 1
    assert (packet_figures(tap)["pcma"], packet_figures(tap)["pcmu"]) == (16, 16)


async def test_a_tap_without_playable_packets_says_what_it_gets(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([b"\x00" * SAMPLES] * 10, payload_type=111)
        tap = await counted(opened.tap, "unknown")
        assert tap.state == "requested"
        assert packet_figures(tap)["strangers"] == packet_figures(tap)["lost"] == 0
        assert (await eventually(lambda: meters_of(opened.tap)))["unknown"]
        await sender.speak([payload(number) for number in range(30)])
    await end(opened.tap)
    figures = packet_figures(await closed_row(opened.tap))
    assert (figures["unknown"], figures["played"], figures["lost"]) == (10, 30, 0)


async def test_packets_after_the_last_audio_are_in_the_row(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(15)])
        await sender.speak([b"\x00" * SAMPLES] * 10, payload_type=111)
    await end(opened.tap)
    assert packet_figures(await closed_row(opened.tap))["unknown"] == 10
    assert packet_figures(await row(opened.tap))["concealed"] == 0
