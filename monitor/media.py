"""A tap's media: who holds it, what arrived on it, and the end of taps whose media is gone.

Whatever carries the audio, a WebSocket or RTP, is a media connection here, with a
name of its own; one at a time holds a tap. The state is written by ``taps.move``.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from . import announce, taps
from .models import ENDED, FINAL, Tap, TapState

LOST_AFTER = datetime.timedelta(seconds=60)  # media or its process gone, no ``finished``
FAILED_AFTER = datetime.timedelta(minutes=5)  # requested, and nothing followed


class Refused(Exception):
    """A media connection may not be this tap's; the text says why."""


class Busy(Refused):
    """Another media connection holds the tap. ``heard_at`` is when it last had audio, or,
    while it is not known to be silent, when its process last gave a sign of life."""

    def __init__(self, socket: str, heard_at: datetime.datetime | None) -> None:
        super().__init__("another media connection is live")
        self.socket = socket
        self.heard_at = heard_at


class Silence(NamedTuple):
    """Since when a media connection has brought no audio; None: it brings some again."""

    tap_id: uuid.UUID
    socket: str
    since: datetime.datetime | None


@dataclass(slots=True)
class Count:
    """What arrived on a media connection since it was last written down."""

    frames: int = 0
    bytes: int = 0
    gaps: int = 0
    rtp: dict[str, float] | None = None  # an RTP tap's packets, all of this media connection


def opened(
    tap_id: uuid.UUID, socket: str, *, replacing: str = "", origin: str = ""
) -> tuple[Tap, bool]:
    """Give a tap's media to a connection: the tap, and whether it had one before.

    ``replacing`` names the silent connection that this one takes over from, and
    ``origin`` where the media comes from, for the timeline.
    Raises Refused, and Busy while another connection holds the tap.
    """
    with transaction.atomic():
        try:
            tap = taps.locked(tap_id)
        except Tap.DoesNotExist:
            raise Refused("no such tap") from None
        now = timezone.now()
        if tap.state in FINAL:
            raise Refused(f"the tap has {tap.state}")
        if tap.stop_requested_at:
            raise Refused("the tap was asked to stop")
        unused = tap.media_opened_at is None and now - tap.requested_at > taps.FIRST_CONNECT
        if unused and tap.transport == "ws":  # RTP has no token that could leak
            raise Refused("the token was not used in time")
        if tap.media_socket not in ("", replacing):
            raise Busy(tap.media_socket, tap.silent_since or tap.media_seen_at)
        again = tap.media_opened_at is not None
        tap.media_opened_at = tap.media_opened_at or now
        Tap.objects.filter(pk=tap.pk).update(
            media_socket=socket,
            media_opened_at=tap.media_opened_at,
            media_closed_at=None,
            media_seen_at=now,
            silent_since=None,
            gaps=F("gaps") + int(again),
        )
        reason = "media connected again" if again else "media connected"
        reason += f" from {origin}" if origin else ""
        fields = {"started_at": tap.started_at or now, "ended_at": None, "end_reason": ""}
        if not taps.move(tap, TapState.TAPPING, fields, reason=reason):
            taps.note(tap, reason)
    return tap, again


def announced(tap_id: uuid.UUID, codec: str, content_type: str, wrong: float = 0.0) -> None:
    """Keep what the connection says its audio is; a difference to what was asked is noted.

    ``wrong`` is how many seconds of audio had been decoded as what was asked for.
    """
    with transaction.atomic():
        tap = taps.locked(tap_id)
        Tap.objects.filter(pk=tap.pk).update(codec=codec, content_type=content_type)
        if codec != tap.codec:
            reason = f"media is {codec} though {tap.codec} was asked for"
            if wrong:
                reason += f"; its first {wrong * 1000:.0f} ms were decoded as {tap.codec}"
            taps.note(tap, reason)


def counted(tap_id: uuid.UUID, count: Count) -> None:
    """Add what arrived since the last time."""
    fields: dict[str, Any] = {} if count.rtp is None else {"rtp": count.rtp}
    Tap.objects.filter(pk=tap_id).update(
        frames=F("frames") + count.frames,
        bytes=F("bytes") + count.bytes,
        gaps=F("gaps") + count.gaps,
        **fields,
    )


def noted(tap_id: uuid.UUID, reason: str) -> None:
    """Keep something about a tap's media in its timeline."""
    with transaction.atomic():
        taps.note(taps.locked(tap_id), reason)


def figures(tap_id: uuid.UUID) -> dict[str, float] | None:
    """What an RTP tap's packets were counted as so far."""
    return Tap.objects.filter(pk=tap_id).values_list("rtp", flat=True).first()


def holders(sockets: set[str]) -> set[str]:
    """Those of these connections that still hold the media of a tap that has not ended, and
    should not have: ``end_stopped`` may be late."""
    live = Tap.objects.filter(media_socket__in=sockets).exclude(state__in=ENDED)
    live = live.exclude(stop_requested_at__lte=timezone.now() - taps.STOP_WITHIN)
    return set(live.values_list("media_socket", flat=True))


@transaction.atomic
def seen(connections: dict[str, uuid.UUID]) -> set[str]:
    """Write that these media connections live, each given with its tap; returns those whose
    tap is over, or another connection's.

    A tap that was taken for lost, because the database was away for longer than
    LOST_AFTER, is taken up again.
    """
    held = holders(set(connections))
    Tap.objects.filter(media_socket__in=held).update(media_seen_at=timezone.now())
    lost = Tap.objects.filter(state=TapState.LOST, media_socket="")
    lost_ids = set(lost.filter(pk__in=connections.values()).values_list("pk", flat=True))
    over = set()
    for socket in connections.keys() - held:
        try:
            if connections[socket] in lost_ids:
                opened(connections[socket], socket)
            else:
                over.add(socket)
        except Refused:
            over.add(socket)
    return over


@transaction.atomic
def write_silences(silences: Iterable[Silence]) -> None:
    """Keep which connections have fallen silent, and which have audio again."""
    for tap_id, socket, since in silences:
        held = Tap.objects.filter(pk=tap_id, media_socket=socket)
        if held.exclude(silent_since=since).update(silent_since=since):
            announce.changed(tap_id)


def closed(tap_id: uuid.UUID, socket: str, count: Count, reason: str) -> None:
    """Write the rest down and give the tap's media up, if this connection still holds it."""
    with transaction.atomic():
        tap = Tap.objects.filter(pk=tap_id).first()
        if tap is None:
            return  # erased while it was live
        counted(tap_id, count)
        held = Tap.objects.filter(pk=tap_id, media_socket=socket)
        held.update(media_socket="", media_closed_at=timezone.now())
        taps.note(tap, f"media closed: {reason}"[:300])


def close_lost(now: datetime.datetime | None = None) -> tuple[int, int]:
    """End what nobody ended: (lost, failed).

    Lost: tapping, and the media closed for 60 s, or its process without a sign of life for
    as long (5 minutes if it never came). Media that is open and silent is not gone.
    Failed: requested, and nothing followed for 5 minutes.
    """
    now = now or timezone.now()
    gone = Q(media_closed_at__lte=now - LOST_AFTER)
    gone |= Q(media_closed_at=None, media_seen_at__lte=now - LOST_AFTER)
    never = Q(media_opened_at=None, started_at__lte=now - FAILED_AFTER)
    silent = Tap.objects.filter(gone | never, state=TapState.TAPPING)
    unanswered = Tap.objects.filter(state=TapState.REQUESTED, requested_at__lte=now - FAILED_AFTER)
    lost = _end_all(silent, TapState.LOST, "media gone, and no finished came")
    failed = _end_all(unanswered, TapState.FAILED, "nothing followed the request")
    _close_media_of_ended(now)
    return lost, failed


def end_stopped(now: datetime.datetime | None = None) -> int:
    """End the taps that were asked to stop and that SignalWire has not ended in time: an
    objection holds even if the carrier does nothing."""
    before = (now or timezone.now()) - taps.STOP_WITHIN
    live = Tap.objects.filter(state__in=(TapState.REQUESTED, TapState.TAPPING))
    return _end_all(live.filter(stop_requested_at__lte=before), TapState.FINISHED, taps.STOPPED)


def _close_media_of_ended(now: datetime.datetime) -> None:
    """A worker that was killed after its tap had ended left the media open."""
    left = Tap.objects.filter(
        state__in=ENDED,
        media_opened_at__isnull=False,
        media_closed_at=None,
        media_seen_at__lte=now - LOST_AFTER,
    )
    for tap_id in list(left.values_list("pk", flat=True)):
        left.filter(pk=tap_id).update(media_socket="", media_closed_at=F("media_seen_at"))
        announce.changed(tap_id)


def _end_all(due: QuerySet[Tap], state: TapState, reason: str) -> int:
    return sum(_end(due, pk, state, reason) for pk in due.values_list("pk", flat=True))


def _end(due: QuerySet[Tap], tap_id: uuid.UUID, state: TapState, reason: str) -> bool:
    """End a tap that is due, unless its media came back since it was looked for."""
    with transaction.atomic():
        tap = due.select_for_update().filter(pk=tap_id).first()
        if tap is None:
            return False
        ended_at = timezone.now()
        if state == TapState.LOST:
            heard_until = tap.silent_since or tap.media_closed_at or tap.media_seen_at
            ended_at = heard_until or ended_at
        fields = {"ended_at": ended_at, "end_reason": reason}
        if state == TapState.LOST:
            fields["media_socket"] = ""
            fields["media_closed_at"] = tap.media_closed_at or tap.media_seen_at
        return taps.move(tap, state, fields, reason=reason)
