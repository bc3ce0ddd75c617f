"""Leases of RTP ports: how long a tap holds one, and what a receiver reads of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from monitor.models import RtpLease, Tap
from monitor.services import media, rtp_ports, tap_status, taps
from monitor.services.taps import OpenedTap
from monitor.wire.status_report import StatusReport
from tests.support.rows import MINUTE, change, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def rtp() -> OpenedTap:
    return taps.open_tap("call-1", transport="rtp")


def finish(opened: OpenedTap) -> None:
    begun = opened.tap.requested_at
    said = StatusReport("finished", opened.tap.control_id, "call-1", begun, {}, "digest")
    assert tap_status.record_status(opened.tap.pk, said)


def test_a_lost_tap_keeps_its_port_from_when_that_was_found_out(rtp: OpenedTap) -> None:
    media.connect(rtp.tap.pk, "a")
    assert media.end_lost(timezone.now() + 10 * MINUTE) == (1, 0)
    change(rtp, ended_at=timezone.now() - 10 * MINUTE)
    assert rtp_ports.release_expired() == 0
    assert rtp_ports.release_expired(timezone.now() + rtp_ports.COOL_OFF) == 1


def test_a_late_finished_keeps_the_port_whatever_time_it_says(rtp: OpenedTap) -> None:
    change(rtp, requested_at=timezone.now() - 10 * MINUTE)
    rtp.tap.refresh_from_db()
    finish(rtp)
    assert Tap.objects.get().ended_at == rtp.tap.requested_at
    assert rtp_ports.release_expired() == 0
    assert rtp_ports.release_expired(timezone.now() + rtp_ports.COOL_OFF) == 1


def test_a_port_of_a_tap_that_lives_is_never_given_back(rtp: OpenedTap) -> None:
    rtp_ports.renew([rtp.tap.pk])
    assert rtp_ports.release_expired(timezone.now() + 10 * MINUTE) == 0


def test_a_port_that_was_never_known_busy_is_never_given_back(rtp: OpenedTap) -> None:
    change(rtp, state="finished")
    assert rtp_ports.release_expired(timezone.now() + 10 * MINUTE) == 0


def test_late_packets_keep_a_port_for_ten_minutes_at_most(rtp: OpenedTap) -> None:
    finish(rtp)
    ended_at = Tap.objects.get().ended_at
    assert ended_at
    for minutes in range(1, 10):
        now = ended_at + minutes * MINUTE
        rtp_ports.renew_late([rtp.tap.pk], now)
        assert rtp_ports.release_expired(now) == 0
    now = ended_at + 11 * MINUTE
    rtp_ports.renew_late([rtp.tap.pk], now)
    assert rtp_ports.release_expired(now) == 1


def test_what_a_receiver_reads_is_one_query(
    rtp: OpenedTap, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lease = RtpLease.objects.get()
    with django_assert_num_queries(1):
        found = rtp_ports.leases("127.0.0.1")
    assert found == [(lease.pk, lease.port, rtp.tap.pk, "requested", None, None, None)]
    assert isinstance(found[0], rtp_ports.Lease)
    assert rtp_ports.leases("127.0.0.2") == []


def test_rtp_that_begins_late_is_taken(rtp: OpenedTap) -> None:
    change(rtp, requested_at=timezone.now() - 3 * MINUTE)
    with pytest.raises(taps.AlreadyTapped):
        taps.open_tap("call-1")
    first = media.connect(rtp.tap.pk, "a")
    assert (first.tap_id, first.again) == (rtp.tap.pk, False)


def test_where_media_comes_from_is_noted(rtp: OpenedTap) -> None:
    media.connect(rtp.tap.pk, "a", origin="203.0.113.9:40000")
    media.connect(rtp.tap.pk, "b", replacing="a", origin="203.0.113.10:40000")
    assert reasons(rtp)[1:] == [
        "media connected from 203.0.113.9:40000",
        "media connected again from 203.0.113.10:40000",
    ]


def test_a_senders_inner_address_is_not_believed_outside(rtp: OpenedTap, settings: Any) -> None:
    settings.RTP_PUBLIC_IP = "8.8.8.8"
    assert not taps.set_rtp_source("call-1", rtp.tap.control_id, "10.0.0.1", 40000)
    assert taps.set_rtp_source("call-1", rtp.tap.control_id, "8.8.4.4", 40000)
