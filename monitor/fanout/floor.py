"""Floor: what the supervisors' sockets of one process share."""

from __future__ import annotations

from monitor.bus.lease import Lease
from monitor.bus.process import Process
from monitor.bus.reader import StreamReader
from monitor.bus.ring import RingReader
from monitor.bus.seconds import SecondsReader
from monitor.concurrency import GatheredReads, SharedReads, Writes, in_thread
from monitor.fanout.access_watch import AccessWatch
from monitor.fanout.admission import Admission
from monitor.fanout.attention_news import AttentionNews
from monitor.fanout.audience import TapAudiences
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.consoles import Consoles
from monitor.fanout.followers import call_words, tap_events
from monitor.fanout.keepalive import Keepalive
from monitor.fanout.lag_watch import LagWatch
from monitor.fanout.listen_record import ListenWrites
from monitor.fanout.live_list import LiveList
from monitor.fanout.open_sockets import OpenSockets
from monitor.fanout.session_recorder import SessionRecorder
from monitor.fanout.strip_board import StripBoard
from monitor.fanout.words_delay import WordsDelay
from monitor.limits import Limits
from monitor.services import descriptions


class Floor:
    """Holds what the sockets need. The composition root makes it and hands it to each of them."""

    def __init__(
        self,
        reader: StreamReader,
        ring: RingReader,
        seconds: SecondsReader,
        attention_lease: Lease,
        writes: Writes,
        process: Process,
        limits: Limits,
    ) -> None:
        self.reader = reader
        self.limits = limits
        self.ring = ring
        self.writes = writes
        self.metrics = process.metrics
        strip_board = StripBoard(reader, seconds)
        call_agents = CallAgents()
        self.consoles = Consoles(
            reader, strip_board, WordsDelay(process.metrics.words_delay), call_agents
        )
        self.attention_news = AttentionNews(attention_lease, self.consoles)
        self.live_list = LiveList(strip_board, self.attention_news, call_agents)
        self.tap_audiences = TapAudiences(reader, process.metrics.audio, limits)
        self.call_words = call_words(reader)
        self.tap_events = tap_events(reader)
        self.open_sockets = OpenSockets()
        self.access_watch = AccessWatch(reader, process.revocations, self.open_sockets)
        self.keepalive = Keepalive(self.open_sockets)
        self.lag_watch = LagWatch(self.open_sockets)
        self.session_recorder = SessionRecorder(self.open_sockets)
        self.admission = Admission()
        self.listen_writes = ListenWrites(writes)
        self.describe_tap = GatheredReads(in_thread(descriptions.describe_taps))
        self.newest_frame = SharedReads(ring.newest)
