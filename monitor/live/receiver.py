"""Receives RTP taps: binds every leased port, and keeps the time of all.

Several processes may run: a port that another has bound is tried again with the
next look at the leases, so one takes over from another that ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from django.conf import settings
from django.db import Error as DatabaseTrouble  # InterfaceError is no DatabaseError

from .. import leases
from ..descriptors import DescriptorLimit, next_descriptor
from ..models import FINAL, TapState
from . import bus
from .close import RESTART, CloseCode, Closed
from .database import threaded
from .rtp import RtpTap
from .runtime import Runtime

logger = logging.getLogger(__name__)

TICK = 0.02  # seconds between two looks at what is overdue
LOOK = 1.0  # seconds between two looks at the leases; an event brings one at once
BRIEFLY = 0.05  # seconds between two looks at least: 50 calls that begin together are one
GIVE_BACK = 10.0  # seconds between two looks for leases that are over

LEASE_OVER = Closed(CloseCode.DONE, "the lease is over")


class Receiver:
    """Every port that is leased at this address and free on this machine."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._descriptors = DescriptorLimit.of_process()
        self._taps: dict[int, RtpTap] = {}  # by lease
        self._look = asyncio.Event()
        self._subscribed = False
        self._foreign: set[int] = set()  # leases whose port another process has
        # A lease may be over only for who has listened for as long as it takes to tell.
        self._give_back_at = time.monotonic() + leases.COOL_OFF.total_seconds()

    def __len__(self) -> int:
        return len(self._taps)

    async def run(self) -> None:
        """Receive, for ever."""
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                if not self._subscribed:
                    await self._subscribe()
                try:
                    await self.look()
                except DatabaseTrouble:
                    logger.exception("leases not read; again in %s s", LOOK)
                await asyncio.sleep(BRIEFLY)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._look.wait()
                self._look.clear()
        finally:
            ticking.cancel()
            await asyncio.gather(*(tap.leave(RESTART) for tap in self._taps.values()))

    async def look(self) -> None:
        """Give up what is leased no more, bind what is."""
        found = {lease.pk: lease for lease in await threaded(self._read)()}
        # First: another process may have given a port back, and leased it anew.
        for pk in self._taps.keys() - found.keys():
            await self._taps[pk].leave(LEASE_OVER)
            del self._taps[pk]
        for pk, lease in found.items():
            tap = self._taps.get(pk)
            if tap is None:
                await self._bind(lease)
                continue
            tap.tell(lease.source)
            if lease.state in FINAL:
                tap.end()
            tap.write_unheard(time.monotonic())

    def _read(self) -> list[leases.Held]:
        """The leases as they are now; in the database's thread."""
        late = [tap for tap in self._taps.values() if tap.heard_after_end]
        if late:
            leases.heard_late([tap.tap_id for tap in late])
            for tap in late:
                tap.heard_after_end = False
        if (now := time.monotonic()) >= self._give_back_at:
            self._give_back_at = now + GIVE_BACK
            leases.give_back()
        return leases.held(settings.RTP_PUBLIC_IP)

    async def _bind(self, lease: leases.Held) -> None:
        if not self._descriptors.admits(next_descriptor(), "new RTP taps"):
            return  # the next look at the leases tries again
        loop = asyncio.get_running_loop()
        try:
            _, tap = await loop.create_datagram_endpoint(
                lambda: RtpTap(self._runtime, lease), (settings.RTP_HOST, lease.port)
            )
        except OSError as error:
            if lease.pk not in self._foreign:
                self._foreign.add(lease.pk)
                logger.warning("port %s is not received here: %s", lease.port, error)
            return
        self._foreign.discard(lease.pk)
        self._taps[lease.pk] = tap
        if lease.state == TapState.TAPPING and lease.media_opened_at:
            tap.take_up()

    async def _subscribe(self) -> None:
        with contextlib.suppress(*bus.Unavailable):
            await self._runtime.hub.subscribe(bus.EVENTS, self._event)
            self._subscribed = True

    def _event(self, value: bytes) -> None:
        if b'"rtp"' in value:
            self._look.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            before = time.monotonic() - TICK
            for tap in tuple(self._taps.values()):
                tap.tick(before)
