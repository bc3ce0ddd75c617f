"""The keys in Redis, and how long each is kept.

    tap:{<lane>}:<id>:audio   field f: one Frame; the ring, MAXLEN ~ RING_SECONDS
    events             field j: JSON for consoles; a tap event holds the whole tap
    words              field j: JSON for those who may read what is said in calls
    meters             field j: JSON, one batch per ingest process and tick
    seconds            field j: JSON, what one ingest process heard in one second
    revocations        field j: JSON, whose rights to check again

    attention          the lease of the process that judges what was heard
    alerts             the lease of the process that judges what was told
    pauses             the lease of the process that ends the pauses that were forgotten

All but the last three are streams, so a reader that lost its connection resumes from its last
id and misses nothing. The id of an audio entry is its position (``<position>-1``). We
choose it, so that a batch which is repeated after a lost connection cannot store a
Frame twice: Redis refuses an id that is not larger than the last.

What is in braces is the hash tag, which decides at which node of a cluster a key is. The taps are
spread over LANES tags. Every other key has a tag of its own, and so may be at any node.
"""

from __future__ import annotations

import uuid

EVENTS = "events"
WORDS = "words"
METERS = "meters"
SECONDS = "seconds"
SECONDS_KEPT_FOR = 70  # seconds: a strip has 60, and the newest may be late
ATTENTION = "attention"
ALERTS = "alerts"
PAUSES = "pauses"
REVOCATIONS = "revocations"
TOTALS = "{metrics}:totals"  # hash: name, or name|label value → number
GAUGES = "{metrics}:gauges"  # hash: process → JSON {"at": seconds, "report": n, name: number}
HEALTH_KEPT = 60  # seconds
EVENTS_KEPT = 10_000
METERS_KEPT = 50
#: Seconds after which an event is deleted, because it names a caller or has what was said. A
#: reader that was away for longer misses the events that were deleted meanwhile.
EVENTS_KEPT_FOR = 600


#: The hash tags of the taps. A reader needs one XREAD for each, so they are few; and as many nodes
#: at most can share the taps. They cannot be changed while workers run.
LANES = tuple(f"{number:02x}" for number in range(16))


def lane_of(tap_id: uuid.UUID) -> int:
    """Return the index of a tap's lane."""
    return tap_id.int % len(LANES)


def audio_key(tap_id: uuid.UUID) -> str:
    """Return the key of a tap's ring."""
    return f"tap:{{{LANES[lane_of(tap_id)]}}}:{tap_id}:audio"


def position_of(entry_id: bytes) -> int:
    """Return the position from which an audio entry's id was made."""
    return int(entry_id.partition(b"-")[0])


def health_keys() -> list[str]:
    """Return a key at each node that has anything: strings, written to find out whether Redis
    accepts writes."""
    streams, leases = (EVENTS, WORDS, METERS, SECONDS, REVOCATIONS), (ATTENTION, ALERTS, PAUSES)
    return [f"healthz:{{{tag}}}" for tag in (*LANES, *streams, *leases, "metrics")]
