"""RtpReceiver: binds every leased port, and lets time go on for the taps that get no packets.

Several processes may run. Each tries the ports that another has bound again whenever it reads
the leases, so that it takes them over when the other process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseTrouble  # InterfaceError is no DatabaseError

from monitor.bus.keys import EVENTS
from monitor.bus.redis import Unavailable
from monitor.concurrency import in_thread
from monitor.ingest.intake import Intake
from monitor.ingest.rtp_port import RtpPort
from monitor.ingest.rtp_tap import RtpTap
from monitor.services import rtp_ports
from monitor.wire.close import RESTART, CloseCode, Closed

logger = logging.getLogger(__name__)

TICK = 0.02  # seconds after which audio that is overdue is sent on
LOOK = 1.0  # seconds between two readings of the leases; an event causes one at once
BRIEFLY = 0.05  # least seconds between two: 50 calls that begin together cause one reading

LEASE_OVER = Closed(CloseCode.DONE, "the lease is over")


class RtpReceiver:
    """Holds every port that is leased at this address and not bound by another process.

    ``may_bind`` says whether the process may open one more socket.
    """

    def __init__(self, intake: Intake, may_bind: Callable[[], bool]) -> None:
        self._intake = intake
        self._may_bind = may_bind
        self._ports: dict[int, RtpPort] = {}  # by lease
        self._look = asyncio.Event()
        self._subscribed = False
        self._foreign: set[int] = set()  # leases whose port another process has bound
        # A process must have received for COOL_OFF to know that nobody sends to a port any more.
        self._release_at = time.monotonic() + rtp_ports.COOL_OFF.total_seconds()

    def __len__(self) -> int:
        return len(self._ports)

    async def run(self) -> None:
        """Receive until cancelled."""
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                if not self._subscribed:
                    await self._subscribe()
                try:
                    await self.look()
                except DatabaseTrouble:
                    logger.exception("leases were not read; trying again in %s s", LOOK)
                await asyncio.sleep(BRIEFLY)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._look.wait()
                self._look.clear()
        finally:
            ticking.cancel()
            await asyncio.gather(*(port.leave(RESTART) for port in self._ports.values()))

    async def look(self) -> None:
        """Read the leases; give up the ports that are no longer leased, and bind the others."""
        found = {lease.pk: lease for lease in await in_thread(self._read)()}
        # Give up first: another process may have released a port and leased it again.
        for pk in self._ports.keys() - found.keys():
            await self._ports[pk].leave(LEASE_OVER)
            del self._ports[pk]
        for pk, lease in found.items():
            if pk in self._ports:
                self._update(self._ports[pk].tap, lease)
            else:
                await self._bind(lease)

    def _update(self, tap: RtpTap, lease: rtp_ports.Lease) -> None:
        """Apply to a tap what its lease says now."""
        tap.expect_from(lease.source)
        if lease.is_over:
            tap.end()
        tap.media.write_unheard(time.monotonic())

    def _read(self) -> list[rtp_ports.Lease]:
        """Return the leases as they are now. Runs in the database's thread."""
        late = [port.tap for port in self._ports.values() if port.tap.heard_after_end]
        if late:
            rtp_ports.renew_late([tap.id for tap in late])
            for tap in late:
                tap.heard_after_end = False
        if (now := time.monotonic()) >= self._release_at:
            self._release_at = now + self._intake.limits.release_every
            rtp_ports.release_expired()
        return rtp_ports.leases(settings.RTP_PUBLIC_IP)

    async def _bind(self, lease: rtp_ports.Lease) -> None:
        if not self._may_bind():
            return  # the next reading of the leases tries again
        loop = asyncio.get_running_loop()
        try:
            _, port = await loop.create_datagram_endpoint(
                lambda: RtpPort(RtpTap(self._intake, lease)), (settings.RTP_HOST, lease.port)
            )
        except OSError as error:
            if lease.pk not in self._foreign:
                self._foreign.add(lease.pk)
                logger.warning("port %s is not received here: %s", lease.port, error)
            return
        self._foreign.discard(lease.pk)
        self._ports[lease.pk] = port
        if lease.has_had_media:  # its sender was heard by another process, and may be silent now
            port.tap.media.open("a port that was bound again")

    async def _subscribe(self) -> None:
        with contextlib.suppress(*Unavailable):
            await self._intake.reader.subscribe(EVENTS, self._event)
            self._subscribed = True

    def _event(self, value: bytes) -> None:
        if b'"rtp"' in value:
            self._look.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            before = time.monotonic() - TICK
            for port in tuple(self._ports.values()):
                port.tap.tick(before)
