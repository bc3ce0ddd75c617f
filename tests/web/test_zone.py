"""Times that the server writes are those of the reader's zone, once the browser has told it."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client

from monitor.models import Call, Tap

AT = datetime.datetime(2026, 1, 31, 23, 30, tzinfo=datetime.UTC)


@pytest.fixture
def call(db: object) -> Call:
    call = Call.objects.create(call_id="c1", created_at=AT)
    Tap.objects.create(call=call, control_id="t1", requested_at=AT)
    return call


def history(client: Client, zone: str | None = None) -> str:
    """Return the list of calls as a browser in this zone gets it."""
    if zone is not None:
        client.cookies["zone"] = zone
    return client.get("/admin/monitor/call/").content.decode()


@pytest.mark.usefixtures("call")
def test_a_browser_that_has_told_its_zone_gets_its_own_times(as_bob: Client) -> None:
    page = history(as_bob, "Europe/Madrid")
    assert "2026-02-01 00:30:00" in page
    assert "Times are those of the zone Europe/Madrid." in page


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    "zone", [None, "", "Atlantis", "../../etc/passwd", "America", "a" * 5000, "a\\000b", "ñ"]
)
def test_other_browsers_get_the_times_of_utc(as_bob: Client, zone: str | None) -> None:
    page = history(as_bob, zone)
    assert "2026-01-31 23:30:00" in page
    assert "Times are those of the zone UTC." in page


def test_a_call_that_a_list_names_by_its_time_has_the_same_one_on_its_page(
    as_bob: Client, call: Call
) -> None:
    as_bob.cookies["zone"] = "Europe/Madrid"
    assert "2026-02-01 00:30:00 CET" in as_bob.get(f"/calls/{call.pk}").content.decode()
    page = as_bob.get(f"/admin/monitor/call/{call.pk}/change/").content.decode()
    assert page.count("2026-02-01 00:30:00") >= 2
