"""Leases of ports: how long they are a tap's, and what a receiver reads of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from monitor import leases, media, taps
from monitor.models import RtpLease, Tap
from monitor.taps import OpenedTap, StatusReport

from .rows import MINUTE, change, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def rtp() -> OpenedTap:
    return taps.open_tap("call-1", transport="rtp")


def finish(opened: OpenedTap) -> None:
    begun = opened.tap.requested_at
    said = StatusReport("finished", opened.tap.control_id, "call-1", begun, {}, "digest")
    assert taps.record_status(opened.tap.pk, said)


def test_a_lost_tap_keeps_its_port_from_when_that_was_found_out(rtp: OpenedTap) -> None:
    media.opened(rtp.tap.pk, "a")
    assert media.close_lost(timezone.now() + 10 * MINUTE) == (1, 0)
    change(rtp, ended_at=timezone.now() - 10 * MINUTE)
    assert leases.give_back() == 0
    assert leases.give_back(timezone.now() + leases.COOL_OFF) == 1


def test_a_late_finished_keeps_the_port_whatever_time_it_says(rtp: OpenedTap) -> None:
    change(rtp, requested_at=timezone.now() - 10 * MINUTE)
    rtp.tap.refresh_from_db()
    finish(rtp)
    assert Tap.objects.get().ended_at == rtp.tap.requested_at
    assert leases.give_back() == 0
    assert leases.give_back(timezone.now() + leases.COOL_OFF) == 1


def test_a_port_of_a_tap_that_lives_is_never_given_back(rtp: OpenedTap) -> None:
    leases.heard([rtp.tap.pk])
    assert leases.give_back(timezone.now() + 10 * MINUTE) == 0


def test_a_port_that_was_never_known_busy_is_never_given_back(rtp: OpenedTap) -> None:
    change(rtp, state="finished")
    assert leases.give_back(timezone.now() + 10 * MINUTE) == 0


def test_late_packets_keep_a_port_for_ten_minutes_at_most(rtp: OpenedTap) -> None:
    finish(rtp)
    ended_at = Tap.objects.get().ended_at
    assert ended_at
    for minutes in range(1, 10):
        now = ended_at + minutes * MINUTE
        leases.heard_late([rtp.tap.pk], now)
        assert leases.give_back(now) == 0
    now = ended_at + 11 * MINUTE
    leases.heard_late([rtp.tap.pk], now)
    assert leases.give_back(now) == 1


def test_what_a_receiver_reads_is_one_query(
    rtp: OpenedTap, django_assert_num_queries: object
) -> None:
    lease = RtpLease.objects.get()
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = leases.held("127.0.0.1")
    assert found == [(lease.pk, lease.port, rtp.tap.pk, "requested", None, None, None)]
    assert isinstance(found[0], leases.Held)
    assert leases.held("127.0.0.2") == []


def test_rtp_that_begins_late_is_taken(rtp: OpenedTap) -> None:
    change(rtp, requested_at=timezone.now() - 3 * MINUTE)
    with pytest.raises(taps.AlreadyTapped):
        taps.open_tap("call-1")
    tap, again = media.opened(rtp.tap.pk, "a")
    assert (tap.pk, again) == (rtp.tap.pk, False)


def test_where_media_comes_from_is_noted(rtp: OpenedTap) -> None:
    media.opened(rtp.tap.pk, "a", origin="203.0.113.9:40000")
    media.opened(rtp.tap.pk, "b", replacing="a", origin="203.0.113.10:40000")
    assert reasons(rtp)[1:] == [
        "media connected from 203.0.113.9:40000",
        "media connected again from 203.0.113.10:40000",
    ]


def test_a_senders_inner_address_is_not_believed_outside(rtp: OpenedTap, settings: Any) -> None:
    settings.RTP_PUBLIC_IP = "8.8.8.8"
    assert not taps.source_told("call-1", rtp.tap.control_id, "10.0.0.1", 40000)
    assert taps.source_told("call-1", rtp.tap.control_id, "8.8.4.4", 40000)
