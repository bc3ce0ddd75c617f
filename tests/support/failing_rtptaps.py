"""``manage.py rtptaps`` with an error in it: a packet of one byte over and over breaks its
tap's buffer, so many hundredths of a second later. Media refused is tried again sooner."""

from __future__ import annotations

import os
from unittest.mock import patch

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs the apps

from monitor.audio.rtp.jitter import JitterBuffer  # noqa: E402
from monitor.audio.rtp.packet import RtpPacket  # noqa: E402
from monitor.audio.rtp.timeline import Piece  # noqa: E402
from monitor.ingest import rtp_tap  # noqa: E402
from monitor.limits import Limits  # noqa: E402
from monitor.management.commands import rtptaps  # noqa: E402


class Failing(JitterBuffer):
    """A buffer whose ``pop`` raises an error at every call once a packet has broken it."""

    broken_at = float("inf")

    def push(self, packet: RtpPacket, now: float) -> bool:
        if len(set(packet.payload)) == 1:
            self.broken_at = now + packet.payload[0] / 100
        return super().push(packet, now)

    def pop(self, now: float) -> list[Piece]:
        if now >= self.broken_at:
            raise RuntimeError("a packet asked for it")
        return super().pop(now)


with (
    patch.object(rtp_tap, "JitterBuffer", Failing),
    patch.object(rtptaps, "limits_from_settings", lambda: Limits(refused_for=0.5)),
):
    call_command("rtptaps")
