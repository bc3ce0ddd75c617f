"""RtpTap: turns the packets of an RTP tap's sender into the tap's audio and figures."""

from __future__ import annotations

import logging
import uuid

from django.conf import settings

from monitor.audio.rtp.figure_totals import FigureTotals
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.audio.rtp.packet import CODECS, PAYLOAD_TYPES, Kind, RtpPacket
from monitor.audio.rtp.sender_pin import Address, Claim, SenderPin
from monitor.ingest.intake import Intake
from monitor.ingest.rtp_media import RtpMedia
from monitor.ingest.rtp_record import RtpRecord
from monitor.ingest.stream import Flood
from monitor.services import rtp_ports
from monitor.wire.close import OVER, CloseCode, Closed

logger = logging.getLogger(__name__)

#: What each payload type is, the configured events among them.
_KINDS = {**PAYLOAD_TYPES, **dict.fromkeys(settings.RTP_EVENT_TYPES, Kind.EVENT)}


class RtpTap:
    """One RTP tap. Its port gives it every packet that arrives.

    It plays the packets of one sender, which is one address (see SenderPin) and one SSRC. It
    counts and drops all others. Another sender may take the tap over once this one has been
    silent for ``Limits.stall`` seconds, as on a WebSocket.
    """

    def __init__(self, intake: Intake, lease: rtp_ports.Lease) -> None:
        self.id: uuid.UUID = lease.tap_id
        self.over = lease.is_over
        self.heard_after_end = False  # whether its sender has sent since the tap was over
        self.pin = SenderPin(lease.source, intake.limits.rtp_sources, intake.limits.stall)
        self._buffer = JitterBuffer(_KINDS)
        self._totals = FigureTotals()
        self._record = RtpRecord(intake, self.id, self._totals, self.figures)
        self.media = RtpMedia(intake, self.id, self._record, self._start_over)

    def take(self, packet: RtpPacket, now: float) -> None:
        """Take a packet of the sender, and send on the audio that is due."""
        stream = self.media.stream
        if stream is None:
            self._wait(packet, now)
            return
        if not self._buffer.push(packet, now):
            return  # it says nothing of the sender that is played, so not that it is alive either
        pin = self.pin
        pin.heard_at = now
        if not pin.proven:
            pin.prove(len(packet.payload), now)
        if packet.payload_type != stream.payload_type:
            stream.payload_type = packet.payload_type
            if codec := CODECS.get(_KINDS.get(packet.payload_type, Kind.UNKNOWN)):
                self._record.codec_came(codec)
        try:
            stream.packet(len(packet.payload))
        except Flood as flood:
            self.media.close_for_a_while(Closed(CloseCode.POLICY, str(flood)), now)
            return
        for piece in self._buffer.pop(now):
            stream.play(piece)

    def tick(self, now: float) -> None:
        """Send on the audio that is due although no packet comes. In a stall, send none."""
        stream = self.media.stream
        if stream is None or self.pin.heard_at >= now or stream.stalled:
            return
        try:
            for piece in self._buffer.pop(now):
                stream.play(piece)
        except Exception:
            self.fail()

    def fail(self) -> None:
        """Give the media up after an error of ours, which is logged once. Listeners hear the
        tap again from a new media connection."""
        logger.exception("tap %s: its media is given up for a while", self.id)
        self._start_over()
        self.media.fail()

    def end(self) -> None:
        """End the tap. Packets that still come keep its port from being leased again, and are
        not played."""
        self.over = True
        self.media.close(OVER)

    def figures(self) -> dict[str, float]:
        """Return the counts of the tap's packets, including those of earlier senders."""
        return self._totals.total(self._buffer.figures)

    # Who the sender is.

    def admits(self, address: Address, packet: RtpPacket, now: float) -> bool:
        """Tell whether a packet from an address that is not the sender's makes it the sender. If
        so, take the packet that came from there before."""
        plays = _plays(packet)
        claim = self.pin.claim(address, packet, now) if plays else None
        if claim is not None:
            self._totals.strangers -= 1  # the packet before is the sender's too
            self._follow(claim, address)
            return True
        if not plays and self.pin.is_open_to(address, now):
            self._totals.pass_over(_KINDS.get(packet.payload_type, Kind.UNKNOWN))
        else:
            self._totals.strangers += 1
        return False

    def hear_late(self, address: Address, packet: RtpPacket, now: float) -> None:
        """Notice a packet that comes after the tap's end. The port must not be leased to another
        tap while the sender goes on."""
        if self.pin.source is None and _plays(packet):
            self.pin.claim(address, packet, now)
        self.heard_after_end |= address == self.pin.source

    def count_malformed(self, error: ValueError) -> None:
        """Count a datagram that is not RTP, and log the first one."""
        self._totals.malformed += 1
        if self._totals.malformed == 1:
            logger.info("tap %s: %s", self.id, error)

    def expect_from(self, source: Address | None) -> None:
        """Learn the address that SignalWire says it sends from. Drop a sender elsewhere."""
        if source is not None and self.pin.tell(source):
            self._start_over()
            if self.media.stream is not None:
                self.media.stream.gap()

    def _follow(self, claim: Claim, address: Address) -> None:
        """Go on with a new sender, and note it if there was one before."""
        if claim.replaced is not None:
            self._renew()
            if self.media.stream is not None and not claim.silent:
                self.media.stream.gap()
            why = "was silent" if claim.silent else "did not send in real time"
            before = _shown(claim.replaced)
            self._record.note(f"media comes from {_shown(address)} now: {before} {why}")
        self.take(claim.packet, claim.at)

    def _start_over(self) -> None:
        """Drop the sender, and keep its figures."""
        self._renew()
        if not self.over:  # after the end, hear_late must still know the sender
            self.pin.drop()

    def _renew(self) -> None:
        """Begin a new buffer for the packets of another sender, and keep the figures."""
        self._totals.end_sender(self._buffer.figures)
        self._buffer = JitterBuffer(_KINDS)
        self.media.forget_queued()

    def _wait(self, packet: RtpPacket, now: float) -> None:
        """Take a packet that comes before the media is open, and have it opened."""
        if not self.media.may_open(now):
            self._start_over()
            return
        if self.media.has_room() and self._buffer.push(packet, now):
            self.pin.heard_at = now
            self.pin.prove(len(packet.payload), now)
            self.media.queue(len(packet.payload))
        self.media.open(f"{_shown(self.pin.source)}, SSRC {packet.ssrc:08x}")


def _plays(packet: RtpPacket) -> bool:
    return bool(packet.payload) and _KINDS.get(packet.payload_type) in CODECS


def _shown(address: Address | None) -> str:
    return f"{address[0]}:{address[1]}" if address else "nowhere"
