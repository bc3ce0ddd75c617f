"""``manage.py rtptaps`` with an error in it: a packet of one byte over and over breaks its
tap's buffer, so many hundredths of a second later. Media refused is tried again sooner."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs the apps

from monitor.audio.jitter import JitterBuffer  # noqa: E402
from monitor.audio.rtp import RtpPacket  # noqa: E402
from monitor.audio.timeline import Piece  # noqa: E402
from monitor.live import rtp  # noqa: E402


class Failing(JitterBuffer):
    """Once broken, it fails whenever it is asked."""

    broken_at = float("inf")

    def push(self, packet: RtpPacket, now: float) -> bool:
        if len(set(packet.payload)) == 1:
            self.broken_at = now + packet.payload[0] / 100
        return super().push(packet, now)

    def pop(self, now: float) -> list[Piece]:
        if now >= self.broken_at:
            raise RuntimeError("a packet asked for it")
        return super().pop(now)


rtp.JitterBuffer = Failing  # type: ignore[misc]
rtp.REFUSED_FOR = 0.5
call_command("rtptaps")
