"""Each RTP tap has a port of its own, until some time after its end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from monitor.models import RtpLease, Tap
from monitor.services import rtp_ports, taps


@pytest.mark.django_db
class TestLeases:
    def open(self, call_id: str) -> Tap:
        return taps.open_tap(call_id, transport="rtp").tap

    def test_ports_are_even_and_never_leased_twice(self) -> None:
        ports = [self.open(f"call-{number}").rtp_lease.port for number in range(50)]
        assert len(set(ports)) == 50
        assert not any(port % 2 for port in ports)

    def test_without_a_free_port_opening_raises_and_leaves_no_tap(self) -> None:
        for number in range(50):
            self.open(f"call-{number}")
        with pytest.raises(rtp_ports.NoPort, match="all 50 ports of RTP_PORTS are in use"):
            self.open("one more")
        assert Tap.objects.count() == 50

    def test_a_port_is_released_a_minute_after_the_taps_end(self) -> None:
        tap, other = self.open("call-1"), self.open("call-2")
        Tap.objects.filter(pk=tap.pk).update(state="finished")
        rtp_ports.renew([tap.pk])
        now = timezone.now()
        assert rtp_ports.release_expired(now + rtp_ports.COOL_OFF / 2) == 0
        assert rtp_ports.release_expired(now + rtp_ports.COOL_OFF) == 1
        assert [one.tap_id for one in rtp_ports.leases("127.0.0.1")] == [other.pk]

    def test_a_port_where_packets_still_come_is_not_released(self) -> None:
        tap = self.open("call-1")
        now = timezone.now()
        Tap.objects.filter(pk=tap.pk).update(state="lost", ended_at=now - 9 * rtp_ports.COOL_OFF)
        rtp_ports.renew([tap.pk])
        assert rtp_ports.release_expired() == 0

    def test_an_unknown_transport_is_refused(self) -> None:
        with pytest.raises(ValueError, match="transport 'sip' is not one of ws, rtp"):
            taps.open_tap("call-1", transport="sip")


@pytest.mark.django_db(transaction=True)
def test_twenty_taps_opened_at_once_get_twenty_ports() -> None:
    start = threading.Barrier(20)

    def opened(number: int) -> str:
        try:
            start.wait(10)
            return taps.open_tap(f"call-{number}", transport="rtp").uri
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        uris = list(pool.map(opened, range(20)))
    assert len(set(uris)) == 20
    assert RtpLease.objects.count() == 20
