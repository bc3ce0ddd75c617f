"""The simulator's RTP, as a receiver sees it."""

from __future__ import annotations

import socket

from monitor.audio.rtp.packet import RtpPacket
from monitor.sim import media
from monitor.sim.platform import TapOrder


async def first_packet(receiver: socket.socket, control_id: str) -> RtpPacket:
    address, port = receiver.getsockname()
    order = TapOrder(f"rtp://{address}:{port}", control_id, "both", "PCMU", "")
    async with media.opened(order) as send:
        await send(b"\xff" * 160)
        return RtpPacket.parse(receiver.recv(2048))


async def test_another_tap_at_the_same_port_is_another_sender() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        one = await first_packet(receiver, "tap-1")
        other = await first_packet(receiver, "tap-2")
        assert await first_packet(receiver, "tap-1") == one
    assert one.ssrc != other.ssrc
