"""JitterBuffer: takes RTP packets as they come, and puts out audio in order and without holes.

It is not a player: every listener has one, whose own buffer adapts to how audio arrives. So a
packet in order goes out at once. Only at a hole does audio wait, until the missing packet is
``delay`` (40 to 400 ms, depending on the network) past its time. Then the hole is concealed
for exactly as long as it lasts. Audio that is held is never thrown away. A buffer without a
clock would wait for a number of packets instead: after one loss it would throw good packets
away and stay late.

Time goes on when packets do not. After 200 ms without packets the hole at the end is filled in
real time, so that listeners stay live through an outage, or while a sender is silent without
saying so (DTX). If the sender says that it is silent, filling begins after ``delay``.

The caller provides the clock: seconds that never go back (``time.monotonic``), the same for
push and pop. Call pop after each push, and also about every 20 ms. Time passes only through
these calls, so a caller may stop calling when a sender has been silent for long.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.audio.g711 import SAMPLE_RATE, Codec
from monitor.audio.rtp.arrivals import AHEAD, MAX_DELAY, Arrivals
from monitor.audio.rtp.clock import SenderClock
from monitor.audio.rtp.figures import Figures
from monitor.audio.rtp.packet import CODECS, PAYLOAD_TYPES, Kind, RtpPacket
from monitor.audio.rtp.sequence import Sequence
from monitor.audio.rtp.timeline import LEAP, Audio, Piece, Timeline

PATIENCE = 0.200  # seconds without packets until silence is filled: a player has that in store
STEP = SAMPLE_RATE * 20 // 1000  # samples that are filled at a time at most
MAX_HELD = 50  # packets after a hole: MAX_DELAY of the shortest ones, 10 ms, and a margin
OWN_STALL = 0.2  # seconds without push or pop: the process was stalled, and packets have queued up
GRACE = 0.1  # seconds to read those packets before anything counts as missing
OVERTAKEN = 0.020  # seconds by which any packet may come after a later one, however short they are
_PERIOD = 1 / SAMPLE_RATE  # seconds


class JitterBuffer:
    """Puts the packets of one RTP tap from one address in order.

    ``payload_types`` says what each payload type is. The audio is decoded to s16le.
    """

    def __init__(self, payload_types: Mapping[int, Kind] = PAYLOAD_TYPES) -> None:
        self._kinds = payload_types
        self._codecs = {
            number: CODECS[kind] for number, kind in payload_types.items() if kind in CODECS
        }
        self._figures = Figures()
        self._timeline = Timeline(self._figures)
        self._arrivals = Arrivals()
        self._sequence = Sequence(0)
        self._clock = SenderClock(self._figures, 0, 0)
        self._expected = 0  # packets of the sources before this one
        self._ssrc = -1  # none yet
        self._size = STEP  # samples of the newest audio
        self._held: dict[int, Audio] = {}  # audio after a hole, by sequence number
        self._resting = False  # whether the sender has said that it is silent for now
        self._heard = 0.0  # when the source's last packet came
        self._called = float("inf")  # when push or pop was last called
        self._grace = 0.0  # until when nothing counts as missing

    @property
    def figures(self) -> Figures:
        """The counters as they are now."""
        self._figures.expected = self._expected
        if self._ssrc >= 0:
            self._figures.expected += self._sequence.expected
        self._figures.jitter = self._arrivals.jitter
        return self._figures

    @property
    def delay(self) -> float:
        """Seconds that a missing packet is waited for after its time."""
        return self._arrivals.delay

    @property
    def held(self) -> int:
        """Packets of audio that wait after a hole."""
        return len(self._held)

    def push(self, packet: RtpPacket, now: float) -> bool:
        """Take a packet that came at ``now``.

        Returns False for a packet that does not show that the source which is played is alive:
        one from another source, with a number that fits nowhere, or of an unknown type.
        """
        if now - self._called > OWN_STALL:
            self._grace = now + GRACE
        self._called = now
        if packet.ssrc != self._ssrc and not self._take_up(packet, now):
            return False
        number = self._sequence.extend(packet.sequence_number)
        if number is None:
            if not self._sequence.resumes(packet.sequence_number):
                self._figures.stray += 1
                return False
            self._begin(packet, now)
            number = packet.sequence_number
        self._heard = now
        self._figures.received += 1
        if number != self._sequence.next and self._sequence.is_duplicate(number):
            self._figures.duplicate += 1
            return True
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not packet.payload:
            return self._pass(number, packet.payload_type)
        position = self._in_time(packet, number, now)
        if position is not None:
            self._place(number, position, codec, packet.payload)
        return True

    def pop(self, now: float) -> list[Piece]:
        """Return the audio that is ready at ``now``; each piece follows the one before."""
        if now - self._called > OWN_STALL:
            self._grace = now + GRACE
        self._called = now
        if now >= self._due():
            self._fill(now)
        return self._timeline.take()

    # A packet comes.

    def _take_up(self, packet: RtpPacket, now: float) -> bool:
        """Tell whether another source is played from this packet on.

        It is only if the one before has fallen silent. Two sources may speak in turn, because
        it is not known how a tap of both legs is sent; they must not restart the buffer at
        every packet.
        """
        silent = now - self._heard
        if self._ssrc >= 0 and silent <= self._arrivals.delay + 3 * self._size * _PERIOD:
            self._figures.foreign += 1
            return False
        self._begin(packet, now)
        return True

    def _begin(self, packet: RtpPacket, now: float) -> None:
        """Start again with a packet, whatever it carries."""
        if self._ssrc >= 0:
            self._flush()
            self._expected += self._sequence.expected
            self._figures.restarts += 1
            self._timeline.jump(packet.timestamp)
        self._timeline.cursor = packet.timestamp
        self._ssrc = packet.ssrc
        self._sequence = Sequence(packet.sequence_number)
        self._clock = SenderClock(self._figures, packet.sequence_number, packet.timestamp)
        self._resting = False
        self._arrivals.anchor(now - packet.timestamp * _PERIOD)

    def _pass(self, number: int, payload_type: int) -> bool:
        """Count a packet without audio, which has a sequence number but lasts no time. Return
        False if its type is unknown."""
        figures = self._figures
        newest = self._is_newest(number)
        kind = self._kinds.get(payload_type, Kind.UNKNOWN)
        if kind is Kind.COMFORT_NOISE:
            figures.comfort_noise += 1
            self._resting |= newest
        elif kind is Kind.EVENT:
            figures.events += 1
            self._resting |= newest
        elif kind is Kind.UNKNOWN:
            figures.unknown += 1
        else:
            figures.empty += 1
        self._clock.skip(number)
        if number >= self._sequence.next:
            self._sequence.came.add(number)
            self._timeline.received = self._called
            self._drain()
        return kind is not Kind.UNKNOWN

    def _in_time(self, packet: RtpPacket, number: int, now: float) -> int | None:
        """Return the position of audio, or None if it is too late. Learn from when it came."""
        samples = len(packet.payload)
        position = self._clock.locate(number, packet.timestamp, samples, now, self._arrivals.base)
        transit = now - position * _PERIOD
        lateness = transit - self._arrivals.base
        newest = self._is_newest(number)
        if -AHEAD <= lateness <= MAX_DELAY:
            self._arrivals.take(transit, samples * _PERIOD)
        elif newest:
            self._leap(position, transit)
        if newest:
            self._size = samples
            self._resting = False
        elif number < self._sequence.next or lateness < -AHEAD:
            self._figures.late += 1
            return None
        return position

    def _is_newest(self, number: int) -> bool:
        if number == self._sequence.highest:
            return True
        self._figures.reordered += 1
        return False

    def _leap(self, position: int, transit: float) -> None:
        """Go on from a packet whose time does not continue what came before.

        Its sender paused, or changed its timestamps, or the network was down for longer than a
        packet is waited for. What is sent now must be heard now.
        """
        self._flush()
        self._arrivals.anchor(transit)
        if position != self._timeline.cursor:
            self._timeline.jump(position)

    # Audio goes out.

    def _place(self, number: int, position: int, codec: Codec, payload: bytes) -> None:
        """Play audio if it is next, else hold it."""
        sequence = self._sequence
        if number == sequence.next and position == self._timeline.cursor:
            sequence.next = number + 1
            self._timeline.play(codec, payload)
            if not sequence.came:
                return
            self._timeline.received = self._called
        else:
            if not self._held:
                self._grace = max(self._grace, self._called + OVERTAKEN)
            self._held[number] = Audio(position, codec, payload, self._called)
        self._drain()

    def _drain(self) -> None:
        """Play held audio up to the next hole."""
        sequence = self._sequence
        while True:
            while sequence.next in sequence.came and sequence.next not in self._held:
                sequence.finish(sequence.next)  # it carried no audio
            if not self._held:
                break
            first = min(self._held)
            audio = self._held[first]
            ahead = audio.position - self._timeline.cursor
            is_whole = ahead != 0 and sequence.is_whole(first)
            if ahead > 0 and not is_whole:
                break
            self._timeline.count_wait(audio, self._called)
            if is_whole:
                self._timeline.follow(audio)
            sequence.finish(first)
            self._timeline.play_rest(self._held.pop(first))
        self._timeline.waited = 0
        if len(sequence.came) > MAX_HELD:
            self._give_up()

    # Time goes on.

    def _due(self) -> float:
        """Return when the next sample is given up."""
        if self._ssrc < 0:
            return float("inf")
        delay = self._arrivals.delay
        if delay < PATIENCE and not self._held and not self._resting:
            delay = PATIENCE
        return self._arrivals.base + self._timeline.cursor * _PERIOD + delay

    def _fill(self, now: float) -> None:
        """Fill the time until ``now`` for which no audio has come."""
        timeline = self._timeline
        while now >= self._grace and now >= (due := self._due()):
            overdue = int((now - due) * SAMPLE_RATE)
            samples = overdue if overdue > LEAP else min(STEP, self._size)
            if self._held:
                audio = self._held[min(self._held)]
                samples = min(samples, audio.position - timeline.cursor)
                self._timeline.count_wait(audio, self._called)
            if self._resting:
                timeline.silence(samples)
            else:
                timeline.conceal(samples)
            self._drain()

    def _give_up(self) -> None:
        """Stop waiting for what is missing before the first audio that is held."""
        if self._held:
            audio = self._held[min(self._held)]
            self._timeline.count_wait(audio, self._called)
            self._timeline.conceal(audio.position - self._timeline.cursor)
        else:
            self._sequence.skip_to(self._sequence.highest + 1)
        self._drain()

    def _flush(self) -> None:
        """Play everything that is held, and conceal the holes."""
        while self._held:
            self._give_up()
