"""``manage.py rtptaps``: receive the RTP taps of this machine's address."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from monitor.checks import RTP
from monitor.live.receiver import Receiver
from monitor.live.runtime import Runtime

LEAVE_WITHIN = 3.5  # seconds that the taps have to be written down
STOP_WITHIN = 0.8  # seconds that the last writes to Redis have


class Command(BaseCommand):
    """Any number may run: each port is one's, and another's when that one ends."""

    requires_system_checks = (RTP,)  # no more: after a restart packets wait for nobody
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
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)  # a second one cuts nothing short
    stopping = asyncio.ensure_future(asked.wait())
    await asyncio.wait([receiving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    receiving.cancel()
    await asyncio.wait([receiving], timeout=LEAVE_WITHIN)
    await asyncio.wait([asyncio.ensure_future(runtime.stop())], timeout=STOP_WITHIN)
    if receiving.done() and not receiving.cancelled():
        receiving.result()  # raises what ended it
