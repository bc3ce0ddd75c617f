"""Records a tap's media: which connection holds it, what arrived, and when it is gone.

A media connection is a WebSocket or an RTP receiver, with a name of its own. One at a time
holds a tap.
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

from monitor.models import ENDED, FINAL, Tap, TapState, Transport
from monitor.services import announce, tap_urls, transitions
from monitor.services.transitions import STOPPED, Transition

#: A tap is lost when its media or its process has been gone for this long without ``finished``.
LOST_AFTER = datetime.timedelta(seconds=60)
#: A tap has failed when nothing has followed its request for this long.
FAILED_AFTER = datetime.timedelta(minutes=5)
#: SignalWire has this long to end a tap that was asked to stop.
STOP_WITHIN = datetime.timedelta(seconds=5)


class Refused(Exception):
    """A media connection may not hold this tap; the text says why."""


class Busy(Refused):
    """Another media connection holds the tap.

    ``heard_at`` is when that connection last had audio or, while it is not known to be silent,
    when its process last sent a heartbeat.
    """

    def __init__(self, connection: str, heard_at: datetime.datetime | None) -> None:
        super().__init__("another media connection is live")
        self.holder = connection
        self.heard_at = heard_at


class Silence(NamedTuple):
    """Since when a media connection has brought no audio; None when it brings audio again."""

    tap_id: uuid.UUID
    connection: str
    since: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class TapMedia:
    """What a media connection needs to know about the tap that it has been given."""

    tap_id: uuid.UUID
    direction: str
    codec: str
    opened_at: datetime.datetime  # when the tap's first media connection opened
    packet_totals: dict[str, float] | None  # the packet figures of an RTP tap so far
    again: bool  # whether another media connection has held the tap before


@dataclass(slots=True)
class Count:
    """What has arrived on a media connection since the last count was stored."""

    frames: int = 0
    bytes: int = 0
    gaps: int = 0
    rtp: dict[str, float] | None = None  # the packet figures of an RTP tap, as they are now


def connect(
    tap_id: uuid.UUID, connection: str, *, replacing: str = "", origin: str = ""
) -> TapMedia:
    """Give a tap's media to a connection.

    ``replacing`` names the silent connection that this one takes over from. ``origin`` says
    where the media comes from; it is written to the timeline.
    Raises Refused, and Busy while another connection holds the tap.
    """
    now = timezone.now()
    with transaction.atomic():
        try:
            tap = transitions.lock(tap_id)
        except Tap.DoesNotExist:
            raise Refused("no such tap") from None
        _check_open(tap, replacing, now)
        again = tap.media_opened_at is not None
        tap.media_opened_at = tap.media_opened_at or now
        Tap.objects.filter(pk=tap.pk).update(
            media_connection=connection,
            media_opened_at=tap.media_opened_at,
            media_closed_at=None,
            media_seen_at=now,
            silent_since=None,
            gaps=F("gaps") + int(again),
        )
        reason = "media connected again" if again else "media connected"
        reason += f" from {origin}" if origin else ""
        begun = Transition(TapState.TAPPING, reason, started_at=tap.started_at or now)
        if not transitions.move(tap, begun):
            transitions.note(tap, reason)
    return TapMedia(tap.pk, tap.direction, tap.codec, tap.media_opened_at, tap.rtp, again)


def _check_open(tap: Tap, replacing: str, now: datetime.datetime) -> None:
    """Refuse media to a tap that takes none, or none from this connection. Raises Refused."""
    if tap.state in FINAL:
        raise Refused(f"the tap has {tap.state}")
    if tap.stop_requested_at:
        raise Refused("the tap was asked to stop")
    unused = tap.media_opened_at is None and now - tap.requested_at > tap_urls.FIRST_CONNECT
    if unused and tap.transport == Transport.WS:  # RTP has no token that could leak
        raise Refused("the token was not used in time")
    if tap.media_connection not in ("", replacing):
        raise Busy(tap.media_connection, tap.silent_since or tap.media_seen_at)


def record_codec(tap_id: uuid.UUID, codec: str, content_type: str, wrong: float = 0.0) -> None:
    """Record the codec and the type that a connection announced.

    A codec that was not asked for is noted in the timeline, with ``wrong``: how many seconds of
    audio had by then been decoded with the codec that was asked for.
    """
    with transaction.atomic():
        tap = transitions.lock(tap_id)
        Tap.objects.filter(pk=tap.pk).update(codec=codec, content_type=content_type)
        if codec != tap.codec:
            reason = f"media is {codec} though {tap.codec} was asked for"
            if wrong:
                reason += f"; its first {wrong * 1000:.0f} ms were decoded as {tap.codec}"
            transitions.note(tap, reason)


def add_counts(tap_id: uuid.UUID, count: Count) -> None:
    """Add to a tap what has arrived on its media connection since the last call."""
    fields: dict[str, Any] = {} if count.rtp is None else {"rtp": count.rtp}
    Tap.objects.filter(pk=tap_id).update(
        frames=F("frames") + count.frames,
        bytes=F("bytes") + count.bytes,
        gaps=F("gaps") + count.gaps,
        **fields,
    )


def note(tap_id: uuid.UUID, reason: str) -> None:
    """Note something about a tap's media in its timeline."""
    with transaction.atomic():
        transitions.note(transitions.lock(tap_id), reason)


def packet_totals(tap_id: uuid.UUID) -> dict[str, float] | None:
    """Return the packet figures of an RTP tap so far."""
    return Tap.objects.filter(pk=tap_id).values_list("rtp", flat=True).first()


def still_held(connections: set[str]) -> set[str]:
    """Return those of these connections that still hold a tap that should be live.

    A tap that was asked to stop more than STOP_WITHIN ago counts as over, because
    ``end_stopped`` may be late.
    """
    live = Tap.objects.filter(media_connection__in=connections).exclude(state__in=ENDED)
    live = live.exclude(stop_requested_at__lte=timezone.now() - STOP_WITHIN)
    return set(live.values_list("media_connection", flat=True))


@transaction.atomic
def heartbeat(connections: dict[str, uuid.UUID]) -> set[str]:
    """Record that these media connections, each given with its tap, are alive.

    Return those whose tap is over or is held by another connection. A tap that counted as
    lost because the database was away for longer than LOST_AFTER becomes live again.
    """
    held = still_held(set(connections))
    Tap.objects.filter(media_connection__in=held).update(media_seen_at=timezone.now())
    lost = Tap.objects.filter(state=TapState.LOST, media_connection="")
    lost_ids = set(lost.filter(pk__in=connections.values()).values_list("pk", flat=True))
    over = set()
    for connection in connections.keys() - held:
        try:
            if connections[connection] in lost_ids:
                connect(connections[connection], connection)
            else:
                over.add(connection)
        except Refused:
            over.add(connection)
    return over


@transaction.atomic
def write_silences(silences: Iterable[Silence]) -> None:
    """Record which connections have fallen silent, and which bring audio again."""
    for tap_id, connection, since in silences:
        held = Tap.objects.filter(pk=tap_id, media_connection=connection)
        if held.exclude(silent_since=since).update(silent_since=since):
            announce.publish_change(tap_id)


def disconnect(tap_id: uuid.UUID, connection: str, count: Count, reason: str) -> None:
    """Add the last counts, and release the tap if this connection still holds it."""
    with transaction.atomic():
        tap = Tap.objects.filter(pk=tap_id).first()
        if tap is None:
            return  # deleted while it was live
        add_counts(tap_id, count)
        held = Tap.objects.filter(pk=tap_id, media_connection=connection)
        held.update(media_connection="", media_closed_at=timezone.now())
        transitions.note(tap, f"media closed: {reason}"[:300])


def end_lost(now: datetime.datetime | None = None) -> tuple[int, int]:
    """End the taps that nobody ended; return how many were lost and how many had failed.

    A tapping tap is lost once its media has been closed, or its process has sent no heartbeat,
    for LOST_AFTER; if no media ever came, once FAILED_AFTER has passed. Media that is open and
    silent is not gone. A requested tap has failed if nothing followed for FAILED_AFTER.
    """
    now = now or timezone.now()
    gone = Q(media_closed_at__lte=now - LOST_AFTER)
    gone |= Q(media_closed_at=None, media_seen_at__lte=now - LOST_AFTER)
    never = Q(media_opened_at=None, started_at__lte=now - FAILED_AFTER)
    silent = Tap.objects.filter(gone | never, state=TapState.TAPPING)
    unanswered = Tap.objects.filter(state=TapState.REQUESTED, requested_at__lte=now - FAILED_AFTER)
    lost = _end_all(silent, TapState.LOST, "no more media came, and the end was never reported")
    failed = _end_all(unanswered, TapState.FAILED, "nothing followed the request")
    _close_media_of_ended(now)
    return lost, failed


def end_stopped(now: datetime.datetime | None = None) -> int:
    """End the taps that were asked to stop and that SignalWire has not ended in time.

    A caller's objection must hold even if the carrier does nothing.
    """
    before = (now or timezone.now()) - STOP_WITHIN
    live = Tap.objects.filter(state__in=(TapState.REQUESTED, TapState.TAPPING))
    return _end_all(live.filter(stop_requested_at__lte=before), TapState.FINISHED, STOPPED)


def _close_media_of_ended(now: datetime.datetime) -> None:
    """Close the media that a killed worker left open on a tap that has ended."""
    left = Tap.objects.filter(
        state__in=ENDED,
        media_opened_at__isnull=False,
        media_closed_at=None,
        media_seen_at__lte=now - LOST_AFTER,
    )
    for tap_id in list(left.values_list("pk", flat=True)):
        left.filter(pk=tap_id).update(media_connection="", media_closed_at=F("media_seen_at"))
        announce.publish_change(tap_id)


def _end_all(due: QuerySet[Tap], state: TapState, reason: str) -> int:
    return sum(_end(due, pk, state, reason) for pk in due.values_list("pk", flat=True))


def _end(due: QuerySet[Tap], tap_id: uuid.UUID, state: TapState, reason: str) -> bool:
    """End a tap that is due, unless its media has come back since the taps were listed."""
    with transaction.atomic():
        tap = due.select_for_update().filter(pk=tap_id).first()
        if tap is None:
            return False
        ended_at = timezone.now()
        if state == TapState.LOST:
            heard_until = tap.silent_since or tap.media_closed_at or tap.media_seen_at
            ended_at = heard_until or ended_at
        ended = Transition(state, reason, ended_at=ended_at, end_reason=reason)
        if not transitions.move(tap, ended):
            return False
        if state == TapState.LOST:
            closed_at = tap.media_closed_at or tap.media_seen_at
            Tap.objects.filter(pk=tap.pk).update(media_connection="", media_closed_at=closed_at)
        return True
