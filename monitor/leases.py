"""Leases of UDP ports: which tap's audio comes to which port.

A port is a tap's from its opening until COOL_OFF after it was last known to be
busy: when its tap's end was written down, or when its sender still sent, for
LATE_FOR at most. RTP carries no name, so a late packet in a port given away would
be heard in another call.
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

from .models import ENDED, RtpLease, Tap

logger = logging.getLogger(__name__)

COOL_OFF = datetime.timedelta(seconds=60)
LATE_FOR = datetime.timedelta(minutes=10)  # after a tap's end, packets keep its port at most
TRIES = 5  # when another process takes the same port in the same moment


class Held(NamedTuple):
    """A lease as a receiver needs it: a plain row, for it is read every second."""

    pk: int
    port: int
    tap_id: uuid.UUID
    state: str  # the tap's
    source_addr: str | None
    source_port: int | None
    media_opened_at: datetime.datetime | None  # the tap's

    @property
    def source(self) -> tuple[str, int] | None:
        """Where SignalWire said that it sends from."""
        if self.source_addr is None or self.source_port is None:
            return None
        return self.source_addr, self.source_port


class NoPort(Exception):
    """Every port of RTP_PORTS is some tap's."""


def lease(tap: Tap) -> RtpLease:
    """Give a tap a port. In the transaction that makes the tap. Raises NoPort."""
    address = settings.RTP_PUBLIC_IP
    for _ in range(TRIES):
        taken = set(RtpLease.objects.filter(address=address).values_list("port", flat=True))
        free = [port for port in settings.RTP_PORTS if port not in taken]
        if not free:
            break
        # By chance: a stranger cannot guess where the next call will be heard.
        try:
            with transaction.atomic():
                return RtpLease.objects.create(tap=tap, address=address, port=secrets.choice(free))
        except IntegrityError:
            continue
    raise NoPort(f"all {len(settings.RTP_PORTS)} ports of RTP_PORTS are in use")


def held(address: str) -> list[Held]:
    """The leases of an address, those of ended taps too."""
    rows = RtpLease.objects.filter(address=address).values_list(
        "pk", "port", "tap_id", "tap__state", "source_addr", "source_port", "tap__media_opened_at"
    )
    return [Held(*row) for row in rows]


def source_told(call_id: str, control_id: str, addr: object, port: object) -> bool:
    """Keep where SignalWire says that it sends a tap from; False if it cannot be, or
    the call has no such lease. The types vary: ports come as text, too."""
    source = _source(addr, port)
    if source is None:
        logger.info("not an RTP sender's address: %.60r, port %.20r", addr, port)
        return False
    lease = RtpLease.objects.filter(tap__call__call_id=call_id, tap__control_id=control_id)
    return bool(lease.update(source_addr=source[0], source_port=source[1]))


def _source(addr: object, port: object) -> tuple[str, int] | None:
    try:
        sender, number = IPv4Address(str(addr)), int(str(port))
    except ValueError:
        return None
    # A sender behind NAT may know only its inner address. Believed, it would keep out
    # the one that its packets come from.
    outside = sender.is_global or not IPv4Address(settings.RTP_PUBLIC_IP).is_global
    return (str(sender), number) if outside and 0 < number < 65536 else None


def heard(tap_ids: list[uuid.UUID]) -> None:
    """Keep the ports of taps that have just ended."""
    RtpLease.objects.filter(tap__in=tap_ids).update(heard_at=timezone.now())


def heard_late(tap_ids: list[uuid.UUID], now: datetime.datetime | None = None) -> None:
    """Keep the ports of ended taps whose senders still send, but not for ever."""
    now = now or timezone.now()
    late = RtpLease.objects.filter(tap__in=tap_ids, tap__ended_at__gt=now - LATE_FOR)
    late.update(heard_at=now)


def give_back(now: datetime.datetime | None = None) -> int:
    """End the leases that are over; returns how many."""
    before = (now or timezone.now()) - COOL_OFF
    # Not by the tap's ended_at, which may lie back: SignalWire's clock, or the last audio's time.
    over = RtpLease.objects.filter(tap__state__in=ENDED, heard_at__lte=before)
    return over.delete()[0]
