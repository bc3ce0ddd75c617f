"""``manage.py rtptaps``: receive the RTP taps of this machine's address."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from monitor.checks import RTP
from monitor.ingest.rtp_receiver import RtpReceiver
from monitor.limits import Limits
from monitor.runtime import Runtime, limits_from_settings
from monitor.servers.descriptors import DescriptorLimit

LEAVE_WITHIN = 3.5  # seconds to wait for the ends of the taps' media to be written
STOP_WITHIN = 0.8  # seconds to wait for the last writes to Redis


class Command(BaseCommand):
    """Receives until SIGTERM. Several may run: each binds the ports that no other has bound, and
    takes over those of one that ends."""

    requires_system_checks = (RTP,)  # only these: packets are lost until a restart is over
    help = "Receive RTP taps on RTP_HOST, on the leased ports of RTP_PORTS."

    def handle(self, *args: Any, **options: Any) -> None:
        ports = settings.RTP_PORTS
        self.stdout.write(f"RTP taps at {settings.RTP_HOST}, ports {ports[0]} to {ports[-1]}")
        self.stdout.flush()
        asyncio.run(receive(limits_from_settings()))


async def receive(limits: Limits) -> None:
    """Receive RTP taps until SIGTERM or SIGINT."""
    runtime = Runtime(limits)
    runtime.start()
    descriptors = DescriptorLimit.of_process()
    receiver = RtpReceiver(runtime.intake, lambda: descriptors.admits_next("new RTP taps"))
    receiving = asyncio.ensure_future(receiver.run())
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)  # a further signal does nothing
    stopping = asyncio.ensure_future(asked.wait())
    await asyncio.wait([receiving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    receiving.cancel()
    await asyncio.wait([receiving], timeout=LEAVE_WITHIN)
    await asyncio.wait([asyncio.ensure_future(runtime.stop())], timeout=STOP_WITHIN)
    if receiving.done() and not receiving.cancelled():
        receiving.result()  # raises the error that ended it
