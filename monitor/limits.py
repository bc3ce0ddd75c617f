"""The tunables of one process, made once by the composition root and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the process waits and how much it accepts. Times are in seconds."""

    #: Media without audio for this long is shown as stalled, and another connection may replace it.
    stall: float = 3.0
    #: A media connection is closed when it has brought no audio for this long.
    silent_for: float = 600.0
    #: Seconds of audio that may arrive ahead of real time, because a sender makes up for a pause.
    burst: float = 60.0
    #: How much faster than real time a sender may always be, as a share. A clock that is 1 % fast
    #: is 36 s ahead after an hour.
    drift: float = 0.02
    #: How often the counters of a media connection are written to its tap's row.
    checkpoint_every: float = 10.0
    #: How long an RTP port waits after its tap's media was refused before it asks again.
    refused_for: float = 5.0
    #: How often RTP leases that are over are released.
    release_every: float = 10.0
    #: Networks from which RTP is accepted; if there are none, it is accepted from anywhere.
    rtp_sources: tuple[IPv4Network | IPv6Network, ...] = ()
    #: Whether voices are looked for in the audio that comes in.
    voice_activity: bool = True
    #: A listener this far behind is sent nothing more until it has caught up.
    degraded: float = 5.0
    #: A listener this far behind is closed.
    too_slow: float = 10.0
    #: Audio that may wait for a slow listener. One answer of Redis holds up to 4 s and is delivered
    #: without a pause, so a listener that takes what is there loses nothing.
    mailbox: float = 10.0
    #: How long a listener is still served after its tap has ended, while the last audio arrives.
    grace: float = 0.5
    #: Seconds between two requests of a listener for older audio, each of which reads 480 kB.
    backfill_every: float = 5.0
    #: How much older audio a listener may ask for; a ring holds less.
    max_backfill: float = 600.0
