"""``manage.py rtptaps``: receive the RTP taps of this machine's address."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from monitor.live.rtp import Receiver
from monitor.live.runtime import Runtime


class Command(BaseCommand):
    """Any number may run: each port is one's, and another's when that one ends."""

    help = "Receive RTP taps on RTP_HOST, on the leased ports of RTP_PORTS."

    def handle(self, *args: Any, **options: Any) -> None:
        ports = settings.RTP_PORTS
        self.stdout.write(f"RTP taps at {settings.RTP_HOST}, ports {ports[0]} to {ports[-1]}")
        self.stdout.flush()
        asyncio.run(_receive())


async def _receive() -> None:
    """Until SIGTERM or SIGINT."""
    runtime = Runtime()
    runtime.start()
    receiving = asyncio.ensure_future(Receiver(runtime).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, receiving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await receiving
    await runtime.stop()
