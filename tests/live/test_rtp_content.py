"""What an RTP tap says of what came, where that is not what was asked for."""

from __future__ import annotations

import json
from typing import Any

from monitor.audio import g711
from monitor.live import bus
from monitor.models import Tap
from tests.live.rtp_talk import SAMPLES, Sender, counted, end, open_rtp, row
from tests.live.talk import eventually, payload
from tests.live.test_ingest import assert_ring, closed_row, reasons
from tests.servers import RtpTaps


async def noted(tap: Tap, reason: str) -> None:
    async def look() -> bool:
        return reason in await reasons(tap)

    await eventually(look)


async def meters_of(tap: Tap) -> dict[str, Any] | None:
    """The figures of a tap that pages were told last."""
    client = bus.client()
    try:
        entries = await client.xrange(bus.METERS)
    finally:
        await client.aclose()
    told = [json.loads(fields[b"j"]).get("packets", {}) for _, fields in entries]
    mine = [one[str(tap.pk)] for one in told if str(tap.pk) in one]
    return mine[-1] if mine else None


async def test_a_codec_that_was_not_asked_for_is_in_row_timeline_and_figures(
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
    assert (tap.rtp["pcma"], tap.rtp["pcmu"], tap.rtp["played"]) == (30, 0, 30)


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
    assert (tap.rtp["pcma"], tap.rtp["pcmu"]) == (16, 16)


async def test_a_tap_that_gets_nothing_playable_says_what_it_gets(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([b"\x00" * SAMPLES] * 10, payload_type=111)
        tap = await counted(opened.tap, "unknown")
        assert tap.state == "requested"
        assert tap.rtp["strangers"] == tap.rtp["lost"] == 0
        assert (await eventually(lambda: meters_of(opened.tap)))["unknown"]
        await sender.speak([payload(number) for number in range(30)])
    await end(opened.tap)
    figures = (await closed_row(opened.tap)).rtp
    assert (figures["unknown"], figures["played"], figures["lost"]) == (10, 30, 0)


async def test_what_comes_after_the_last_audio_is_in_the_row_too(rtp_taps: RtpTaps) -> None:
    opened = await open_rtp()
    with Sender(opened.uri) as sender:
        await sender.speak([payload(number) for number in range(15)])
        await sender.speak([b"\x00" * SAMPLES] * 10, payload_type=111)
    await end(opened.tap)
    assert (await closed_row(opened.tap)).rtp["unknown"] == 10
    assert (await row(opened.tap)).rtp["concealed"] == 0
