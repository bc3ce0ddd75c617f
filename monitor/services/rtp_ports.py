"""Leases UDP ports to RTP taps.

A lease begins when the tap is opened. It is renewed when the tap's end is recorded, and while
its sender still sends, for LATE_FOR at most; it expires COOL_OFF after that. RTP names no
call, so a late packet at a port that was leased again would be heard in another call.
"""

from __future__ import annotations

import datetime
import logging
import secrets
import uuid
from ipaddress import IPv4Address
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.models import ENDED, FINAL, RtpLease, Tap, TapState

logger = logging.getLogger(__name__)

COOL_OFF = datetime.timedelta(seconds=60)
LATE_FOR = datetime.timedelta(minutes=10)  # packets keep a port this long after the tap's end
TRIES = 5  # another process may take the same port at the same moment


class Lease(NamedTuple):
    """A lease as a receiver needs it: plain values, because it is read every second."""

    pk: int
    port: int
    tap_id: uuid.UUID
    state: str  # the tap's
    source_addr: str | None
    source_port: int | None
    media_opened_at: datetime.datetime | None  # the tap's

    @property
    def source(self) -> tuple[str, int] | None:
        """The address that SignalWire said it sends from."""
        if self.source_addr is None or self.source_port is None:
            return None
        return self.source_addr, self.source_port

    @property
    def is_over(self) -> bool:
        """Whether the tap takes no media any more."""
        return self.state in FINAL

    @property
    def has_had_media(self) -> bool:
        """Whether the tap goes on, and a media connection has opened it before."""
        return self.state == TapState.TAPPING and self.media_opened_at is not None


class NoPort(Exception):
    """Every port of RTP_PORTS is leased."""


def allocate(tap: Tap) -> RtpLease:
    """Lease a port to a tap, in the transaction that creates the tap. Raises NoPort."""
    address = settings.RTP_PUBLIC_IP
    for _ in range(TRIES):
        taken = set(RtpLease.objects.filter(address=address).values_list("port", flat=True))
        free = [port for port in settings.RTP_PORTS if port not in taken]
        if not free:
            break
        # Chosen at random, so that a stranger cannot guess where the next call will be heard.
        try:
            with transaction.atomic():
                return RtpLease.objects.create(tap=tap, address=address, port=secrets.choice(free))
        except IntegrityError:
            continue
    raise NoPort(f"all {len(settings.RTP_PORTS)} ports of RTP_PORTS are in use")


def leases(address: str) -> list[Lease]:
    """Return the leases of an address, including those of ended taps."""
    rows = RtpLease.objects.filter(address=address).values_list(
        "pk", "port", "tap_id", "tap__state", "source_addr", "source_port", "tap__media_opened_at"
    )
    return [Lease(*row) for row in rows]


def set_source(call_id: str, control_id: str, addr: object, port: object) -> bool:
    """Record the address that SignalWire says it sends a tap from.

    Return False if that cannot be an address, or if the call has no such lease. The types
    vary: ports also come as text.
    """
    source = _source(addr, port)
    if source is None:
        logger.info("SignalWire named an impossible RTP source: %.60r, port %.20r", addr, port)
        return False
    lease = RtpLease.objects.filter(tap__call__call_id=call_id, tap__control_id=control_id)
    return bool(lease.update(source_addr=source[0], source_port=source[1]))


def _source(addr: object, port: object) -> tuple[str, int] | None:
    try:
        sender, number = IPv4Address(str(addr)), int(str(port))
    except ValueError:
        return None
    # A sender behind NAT may know only its private address. To believe it would shut out
    # the public address that its packets come from.
    outside = sender.is_global or not IPv4Address(settings.RTP_PUBLIC_IP).is_global
    return (str(sender), number) if outside and 0 < number < 65536 else None


def renew(tap_ids: list[uuid.UUID]) -> None:
    """Renew the leases of taps that have just ended."""
    RtpLease.objects.filter(tap__in=tap_ids).update(renewed_at=timezone.now())


def renew_late(tap_ids: list[uuid.UUID], now: datetime.datetime | None = None) -> None:
    """Renew the leases of ended taps whose senders still send, for LATE_FOR at most."""
    now = now or timezone.now()
    late = RtpLease.objects.filter(tap__in=tap_ids, tap__ended_at__gt=now - LATE_FOR)
    late.update(renewed_at=now)


def release_expired(now: datetime.datetime | None = None) -> int:
    """Delete the leases that have expired; return how many."""
    before = (now or timezone.now()) - COOL_OFF
    # The tap's ended_at would not do: it may be earlier, by SignalWire's clock or as the time of
    # the last audio.
    over = RtpLease.objects.filter(tap__state__in=ENDED, renewed_at__lte=before)
    return over.delete()[0]
