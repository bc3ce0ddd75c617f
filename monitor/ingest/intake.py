"""Intake: what the media connections of one process share."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.bus.reader import StreamReader
from monitor.bus.ring import RingReader
from monitor.bus.writer import StreamWriter
from monitor.concurrency import Writes
from monitor.ingest.open_streams import OpenStreams
from monitor.limits import Limits
from monitor.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Intake:
    """The composition root makes one, and hands it to every media connection."""

    reader: StreamReader
    ring: RingReader
    writer: StreamWriter
    open_streams: OpenStreams
    writes: Writes
    metrics: Metrics
    limits: Limits
