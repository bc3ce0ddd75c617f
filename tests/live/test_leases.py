"""Which port is whose, and until when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from monitor import leases, taps
from monitor.models import RtpLease, Tap


@pytest.mark.django_db
class TestLeases:
    def open(self, call_id: str) -> Tap:
        return taps.open_tap(call_id, transport="rtp").tap

    def test_ports_are_even_and_never_twice(self) -> None:
        ports = [self.open(f"call-{number}").rtp_lease.port for number in range(50)]
        assert len(set(ports)) == 50
        assert not any(port % 2 for port in ports)

    def test_when_all_are_taken_it_is_said_and_no_tap_is_left(self) -> None:
        for number in range(50):
            self.open(f"call-{number}")
        with pytest.raises(leases.NoPort, match="all 50 ports of RTP_PORTS are in use"):
            self.open("one more")
        assert Tap.objects.count() == 50

    def test_a_port_is_given_back_a_minute_after_the_end(self) -> None:
        tap, other = self.open("call-1"), self.open("call-2")
        Tap.objects.filter(pk=tap.pk).update(state="finished")
        leases.heard([tap.pk])
        now = timezone.now()
        assert leases.give_back(now + leases.COOL_OFF / 2) == 0
        assert leases.give_back(now + leases.COOL_OFF) == 1
        assert [one.tap_id for one in leases.held("127.0.0.1")] == [other.pk]

    def test_a_port_where_packets_still_come_is_not_given_back(self) -> None:
        tap = self.open("call-1")
        now = timezone.now()
        Tap.objects.filter(pk=tap.pk).update(state="lost", ended_at=now - 9 * leases.COOL_OFF)
        leases.heard([tap.pk])
        assert leases.give_back() == 0

    def test_an_unknown_transport_is_refused(self) -> None:
        with pytest.raises(ValueError, match="transport 'sip' is not one of ws, rtp"):
            taps.open_tap("call-1", transport="sip")


@pytest.mark.django_db(transaction=True)
def test_twenty_who_open_at_once_get_twenty_ports() -> None:
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
