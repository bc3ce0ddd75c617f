"""The page of a tap: facts, timeline, who listened; and the page of its call."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from monitor.models import ListenSession, Tap, TapEvent
from monitor.services import listens, media, tap_urls, taps
from monitor.services.taps import OpenedTap
from tests.support.listening import begin_listening
from tests.support.markup import links, refused
from tests.support.rows import NOW, SECOND, change, keep_talk
from tests.support.status import body, post

RTP = {
    "received": 1234,
    "lost": -1,
    "late": 2,
    "reordered": 0,
    "duplicate": 3,
    "jitter_ms": 0.41,
    "concealed": 1600,
}
XSS = "<img src=x onerror=alert('x')>"


def page(client: Client, row: Any) -> str:
    model = row._meta.model_name
    html = client.get(f"/admin/monitor/{model}/{row.pk}/change/").content.decode()
    assert refused(html) == []
    return html


def cells(html: str, column: str) -> list[str]:
    """The texts of a column of the timeline."""
    return re.findall(rf'<td class="field-{column}">\s*<p>(.*?)</p>', html, re.DOTALL)


@pytest.fixture
def ended(client: Client, opened: OpenedTap, alice: User) -> Tap:
    """A tap from its request to its end, heard by alice."""
    media.connect(opened.tap.pk, "a")
    media.record_codec(opened.tap.pk, "PCMA", "audio/x-alaw")
    session = begin_listening(alice, opened.tap, listens.Client("192.0.2.7", "Browser"))
    post(client, opened, body(opened, "tapping", tag="Zoë"))
    media.disconnect(opened.tap.pk, "a", media.Count(1234, 2048000, 5), "1000")
    listens.end(
        [listens.Ending(session.pk, session.tap_id, "the page left", listens.Heard(700, 3))]
    )
    post(client, opened, body(opened, "finished"))
    return Tap.objects.get(pk=opened.tap.pk)


class TestTap:
    def test_its_facts_and_media_figures(self, as_bob: Client, ended: Tap) -> None:
        html = page(as_bob, ended)
        for text in (
            "receptionist",
            "+15551230000 Ann Lee",
            "Both sides",
            "Ended",
            ended.control_id,
            "PCMA",
            "audio/x-alaw",
            "1234",
            "2.0\xa0MB",
            str(ended.pk),
        ):
            assert text in html

    def test_what_never_was_is_a_dash(self, as_bob: Client, opened: OpenedTap) -> None:
        assert "None" not in page(as_bob, opened.tap)

    def test_the_packets_of_an_rtp_tap(self, as_bob: Client, opened: OpenedTap) -> None:
        """Figures other than zero are shown in words, and a duplicate packet hides no lost one."""
        change(opened, transport="rtp", rtp=RTP)
        html = page(as_bob, opened.tap)
        table = html.partition('<table class="figures">')[2].partition("</table>")[0]
        assert re.findall("<th>(.*?)</th><td>(.*?)</td>", table) == [
            ("Received", "1234"),
            ("Lost", "2"),
            ("Too late to be heard", "2"),
            ("Duplicates", "3"),
            ("Jitter", "0.4 ms"),
            ("Concealed", "0.20 s"),
        ]

    def test_a_tap_without_packets_has_no_table(self, as_bob: Client, ended: Tap) -> None:
        assert '<table class="figures">' not in page(as_bob, ended)

    def test_its_timeline_is_in_order(self, as_bob: Client, ended: Tap) -> None:
        html = page(as_bob, ended)
        rows = zip(cells(html, "change"), cells(html, "words"), strict=True)
        assert list(rows) == [
            ("nothing → Starting", "asked for by receptionist"),
            ("Starting → Live", "media connected"),
            ("Live", "media is PCMA though PCMU was asked for"),
            ("Live", "SignalWire says tapping"),
            ("Live", "media closed: 1000"),
            ("Live → Ended", "SignalWire says finished"),
        ]

    def test_payloads_are_readable(self, as_bob: Client, ended: Tap) -> None:
        html = page(as_bob, ended)
        assert "&quot;tag&quot;: &quot;Zoë&quot;" in html
        assert "\n  &quot;event_type&quot;: &quot;calling.call.tap&quot;" in html

    def test_who_listened(self, as_bob: Client, ended: Tap) -> None:
        html = page(as_bob, ended)
        for text in ("alice", "700", "the page left", "192.0.2.7"):
            assert text in html

    def test_who_still_listens(self, as_bob: Client, alice: User, opened: OpenedTap) -> None:
        begin_listening(alice, opened.tap, listens.Client("192.0.2.7", "Browser"))
        assert "listening now" in page(as_bob, opened.tap)

    def test_who_listened_needs_its_own_permission(
        self, as_bob: Client, bob: User, ended: Tap
    ) -> None:
        bob.user_permissions.remove(*bob.user_permissions.filter(codename="view_listensession"))
        html = page(as_bob, ended)
        assert "SignalWire says finished" in html
        assert "192.0.2.7" not in html

    def test_it_leads_to_its_call_and_to_its_live_page(self, as_bob: Client, ended: Tap) -> None:
        found = links(page(as_bob, ended))
        assert f"/admin/monitor/call/{ended.call_id}/change/" in found
        assert f"/calls/{ended.call_id}" in found

    def test_what_others_wrote_is_text(self, as_bob: Client, client: Client, db: Any) -> None:
        opened = taps.open_tap(XSS, agent=XSS, caller=XSS, caller_name=XSS, reason=XSS)
        post(client, opened, {**body(opened, XSS, control_id=XSS, tag=XSS), XSS: XSS})
        media.disconnect(opened.tap.pk, "", media.Count(), XSS)
        ListenSession.objects.create(
            tap=opened.tap, username="x", user_agent=XSS, end_reason=XSS, address="192.0.2.7"
        )
        html = page(as_bob, opened.tap) + page(as_bob, opened.tap.call)
        html += page(as_bob, ListenSession.objects.get())
        assert XSS not in html
        assert "onerror=alert(&#x27;x&#x27;)" in html

    def test_it_names_no_token(self, as_root: Client, ended: Tap) -> None:
        html = page(as_root, ended)
        for url in (tap_urls.media_uri(ended), tap_urls.status_url(ended)):
            assert url.split("/")[4].partition(".")[2] not in html

    def test_a_long_timeline_costs_no_more_queries(
        self,
        as_bob: Client,
        ended: Tap,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_max_num_queries(14) as short:
            page(as_bob, ended)
        TapEvent.objects.bulk_create(
            TapEvent(tap=ended, old="finished", new="finished", reason=f"note {number}")
            for number in range(100)
        )
        ListenSession.objects.bulk_create(
            ListenSession(tap=ended, username=f"user {number}") for number in range(20)
        )
        with django_assert_max_num_queries(len(short.captured_queries)):
            page(as_bob, ended)


class TestCall:
    def test_it_leads_to_its_taps(self, as_bob: Client, ended: Tap) -> None:
        second = taps.open_tap("call-1", direction="speak").tap
        found = links(page(as_bob, ended.call))
        for tap in (ended, second):
            assert f"/admin/monitor/tap/{tap.pk}/change/" in found

    def test_it_says_why_it_needed_attention(self, as_bob: Client, opened: OpenedTap) -> None:
        silent = {"kind": "dead_air", "severity": 60, "began_at": NOW}
        opened.tap.call.marks.create(ended_at=NOW + 12 * SECOND, **silent)
        assert "Nobody spoke for 12 s" in page(as_bob, opened.tap.call)

    def test_it_says_who_talked(self, as_bob: Client, opened: OpenedTap) -> None:
        assert "Both at once" not in page(as_bob, opened.tap.call)
        keep_talk(opened.tap.call)
        html = page(as_bob, opened.tap.call)
        for text in (
            "Caller talked: 1 min 15 s (75 % of what was said)",
            "Agent talked: 25 s (25 % of what was said)",
            "Both at once: 2 times, 1 s",
            "Agent’s longest silence: 1 min 1 s",
        ):
            assert text in html

    def test_the_list_has_the_shares(self, as_bob: Client, opened: OpenedTap) -> None:
        keep_talk(opened.tap.call)
        assert "75 % : 25 %" in as_bob.get("/admin/monitor/call/").content.decode()


class TestListener:
    def test_it_leads_to_the_tap(self, as_bob: Client, ended: Tap) -> None:
        found = links(page(as_bob, ListenSession.objects.get()))
        assert f"/admin/monitor/tap/{ended.pk}/change/" in found

    def test_it_says_where_from_and_with_what(self, as_bob: Client, ended: Tap) -> None:
        html = page(as_bob, ListenSession.objects.get())
        assert "192.0.2.7" in html
        assert "Browser" in html


class TestFrontDoor:
    def test_it_is_called_earshot(self, as_bob: Client) -> None:
        html = as_bob.get("/admin/").content.decode()
        assert "<title>History and accounts | Earshot</title>" in html
        assert refused(html) == []

    def test_it_leads_to_the_console(self, as_bob: Client) -> None:
        assert "/" in links(as_bob.get("/admin/").content.decode())

    def test_moments_are_in_utc(self, as_bob: Client, opened: OpenedTap) -> None:
        at = datetime.datetime(
            2026, 7, 1, 14, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
        )
        Tap.objects.update(requested_at=at)
        assert "2026-07-01 12:00:00" in page(as_bob, opened.tap)


def test_a_payload_is_shown_as_it_was_posted(
    as_bob: Client, client: Client, opened: OpenedTap
) -> None:
    post(client, opened, body(opened, tag="x"))
    payload: Any = TapEvent.objects.get(digest__isnull=False).payload
    html = page(as_bob, opened.tap)
    pre = html.partition('<pre class="payload">')[2].partition("</pre>")[0]
    assert json.loads(pre.replace("&quot;", '"')) == payload
