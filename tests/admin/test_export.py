"""The CSV of a filtered list."""

from __future__ import annotations

import csv
import datetime
import io
import re
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitor.admin import cells, export
from monitor.models import Call, ListenSession, Tap
from monitor.services import taps
from monitor.services.taps import OpenedTap
from tests.support.markup import links
from tests.support.rows import change, keep_talk

pytestmark = pytest.mark.usefixtures("given_back")

LIST = "/admin/monitor/tap/"
EXPORT = "/admin/monitor/tap/export.csv"
LISTENS = "/admin/monitor/listensession/export.csv"
SIGNS = ("=", "+", "-", "@", "\t", "\r")


def content(response: Any) -> bytes:
    """A stream's bytes, read as the server reads them."""

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    assert response.status_code == HTTPStatus.OK
    assert response.is_async
    return async_to_sync(read)()


def exported(client: Client, path: str = EXPORT) -> list[dict[str, str]]:
    text = content(client.get(path)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def finish(opened: OpenedTap) -> None:
    """End a tap after 125.5 s, with counts of the media that came."""
    at = datetime.datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=datetime.UTC)
    change(
        opened,
        state="finished",
        requested_at=at,
        started_at=at + datetime.timedelta(seconds=2),
        ended_at=at + datetime.timedelta(seconds=127.5),
        frames=1234,
        bytes=197440,
        gaps=3,
    )


class TestFile:
    def test_it_is_a_file_named_for_the_day(self, as_bob: Client, opened: OpenedTap) -> None:
        response = as_bob.get(EXPORT)
        today = timezone.now().date()
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        disposition = f'attachment; filename="earshot-taps-{today}.csv"'
        assert response["Content-Disposition"] == disposition
        assert "no-store" in response["Cache-Control"]

    def test_a_row_holds_the_taps_facts(self, as_bob: Client, opened: OpenedTap) -> None:
        finish(opened)
        assert exported(as_bob) == [
            {
                "tap_id": str(opened.tap.pk),
                "control_id": opened.tap.control_id,
                "call_id": "call-1",
                "agent": "receptionist",
                "caller": "'+15551230000",
                "caller_name": "Ann Lee",
                "direction": "both",
                "codec": "PCMU",
                "transport": "ws",
                "state": "finished",
                "reason": "",
                "notice": "",
                "end_reason": "",
                "requested_at": "2026-03-01T12:30:15.250000Z",
                "started_at": "2026-03-01T12:30:17.250000Z",
                "ended_at": "2026-03-01T12:32:22.750000Z",
                "duration_seconds": "125.500",
                "frames": "1234",
                "bytes": "197440",
                "gaps": "3",
                "packets_received": "",
                "packets_lost": "",
                "packets_late": "",
                "packets_reordered": "",
                "packets_duplicate": "",
                "packets_clock_mismatch": "",
                "jitter_ms": "",
                "talk_seconds": "",
                "talk_share": "",
                "longest_silence_seconds": "",
                "overlap_seconds": "",
                "overlaps": "",
            }
        ]

    def test_a_tap_of_one_side_has_the_talk_of_its_party(
        self, as_bob: Client, opened: OpenedTap
    ) -> None:
        """That of a mixed leg is nobody's."""
        for direction in ("speak", "listen"):
            taps.open_tap("call-1", direction=direction)
        keep_talk(opened.tap.call)
        talk = {
            row["direction"]: (
                row["talk_seconds"],
                row["talk_share"],
                row["longest_silence_seconds"],
            )
            for row in exported(as_bob)
        }
        assert talk == {
            "speak": ("75.0", "0.75", "4.2"),
            "listen": ("25.0", "0.25", "61.0"),
            "both": ("", "", ""),
        }
        assert {(row["overlap_seconds"], row["overlaps"]) for row in exported(as_bob)} == {
            ("1.2", "2")
        }

    def test_an_rtp_taps_packets_are_in_it(self, as_bob: Client, opened: OpenedTap) -> None:
        counted = {"received": 1234, "lost": 5, "late": 2, "reordered": 7, "jitter_ms": 0.41}
        change(opened, transport="rtp", rtp=counted)
        row = exported(as_bob)[0]
        names = ("received", "lost", "late", "reordered", "duplicate")
        assert [row[f"packets_{name}"] for name in names] == ["1234", "5", "2", "7", "0"]
        assert row["jitter_ms"] == "0.41"

    def test_a_duplicate_hides_no_loss(self, as_bob: Client, opened: OpenedTap) -> None:
        change(opened, rtp={"received": 9, "lost": -1, "duplicate": 3})
        row = exported(as_bob)[0]
        assert (row["packets_lost"], row["packets_duplicate"]) == ("2", "3")

    def test_what_never_was_is_empty(self, as_bob: Client, opened: OpenedTap) -> None:
        row = exported(as_bob)[0]
        assert (row["started_at"], row["ended_at"], row["duration_seconds"]) == ("", "", "")

    def test_names_keep_their_letters(self, as_bob: Client, db: Any) -> None:
        taps.open_tap("call-1", caller_name='Zoë "你好", 🎧\nline 2')
        assert exported(as_bob)[0]["caller_name"] == 'Zoë "你好", 🎧\nline 2'

    def test_excel_is_told_that_it_is_utf_8(self, as_bob: Client, db: Any) -> None:
        taps.open_tap("call-1", caller_name="Jörg Müller")
        file = content(as_bob.get(EXPORT))
        assert file.startswith(b"\xef\xbb\xbf")
        assert file.count(b"\xef\xbb\xbf") == 1
        assert "Jörg Müller".encode() in file

    def test_it_holds_no_token(self, as_root: Client, opened: OpenedTap) -> None:
        text = content(as_root.get(EXPORT)).decode()
        for url in (opened.uri, opened.status_url):
            assert url.split("/")[4].partition(".")[2] not in text

    def test_an_empty_list_is_a_header(self, as_bob: Client) -> None:
        assert content(as_bob.get(EXPORT)).decode().count("\r\n") == 1

    def test_who_listened_is_exported_as_well(
        self, as_bob: Client, alice: User, opened: OpenedTap
    ) -> None:
        ListenSession.objects.create(
            tap=opened.tap, user=alice, username="alice", address="192.0.2.7", user_agent="=x"
        )
        row = exported(as_bob, LISTENS)[0]
        assert (row["username"], row["user_id"]) == ("alice", str(alice.pk))
        assert row["tap_id"] == str(opened.tap.pk)
        assert (row["ip_address"], row["user_agent"]) == ("192.0.2.7", "'=x")


class TestFormulas:
    @pytest.mark.parametrize("sign", SIGNS)
    def test_no_cell_is_computed(self, as_bob: Client, db: Any, sign: str) -> None:
        text = f"{sign}cmd|' /C calc'!A0"
        opened = taps.open_tap(text, agent=text, caller=text, caller_name=text, reason=text)
        change(opened, end_reason=text)
        row = exported(as_bob)[0]
        for name in ("call_id", "agent", "caller", "caller_name", "reason", "end_reason"):
            assert row[name] == f"'{text}"

    @pytest.mark.parametrize("separator", [";", "\t", ",", "|", "\n", "\r\n", '; "'])
    def test_no_part_of_a_cell_is_computed_where_another_sign_separates_cells(
        self, as_bob: Client, db: Any, separator: str
    ) -> None:
        taps.open_tap("call-1", caller_name=f"Ann{separator}=HYPERLINK(A1)")
        name = exported(as_bob)[0]["caller_name"]
        assert name == f"Ann{separator}'=HYPERLINK(A1)"

    @pytest.mark.parametrize("text", ["Ann-Marie", "a; b", "1 + 1", "x@example.com", "a=b"])
    def test_an_innocent_text_stays_as_it_is(self, text: str) -> None:
        assert cells.cell(text) == text

    @given(text=st.text("=+-@;\t,|\n\"' a"))
    def test_no_part_of_any_text_begins_a_formula(self, text: str) -> None:
        for part in re.split("[;\t,|\n]", cells.cell(text)):
            assert not part.lstrip(' "').startswith(tuple("=+-@"))

    @given(text=st.text())
    def test_no_text_whatever_begins_a_formula(self, text: str) -> None:
        cell = cells.cell(text)
        assert not cell.startswith(SIGNS)
        assert cell.replace("'", "") == text.replace("'", "")

    @given(text=st.text(), more=st.text())
    def test_a_cell_stays_one_cell(self, text: str, more: str) -> None:
        line = cells.csv_lines([[text], [more]]).decode()
        rows = list(csv.reader(io.StringIO(line, newline="")))
        assert rows == [[cells.cell(text), cells.cell(more)]]

    @given(column=st.lists(st.text('=+\0;\t "a') | st.text() | st.none() | st.integers()))
    def test_a_column_is_written_as_its_cells_are(self, column: list[object]) -> None:
        """Also where a text has the sign that texts are joined by to look at a whole column."""
        lines = cells.csv_lines([column]).decode()
        rows = list(csv.reader(io.StringIO(lines, newline="")))
        assert [row[0] for row in rows] == [cells.cell(value) for value in column]


class TestFilters:
    @pytest.fixture(autouse=True)
    def three(self, db: Any) -> None:
        """Make three taps: an old lost one of sales, another of sales, and one without an agent."""
        lost = taps.open_tap("call-1", agent="sales", caller="+4930901820")
        old = timezone.now() - datetime.timedelta(days=800)
        change(lost, state="lost", requested_at=old)
        taps.open_tap("call-2", agent="sales")
        taps.open_tap("call-3")

    @pytest.mark.parametrize(
        ("query", "calls"),
        [
            ("", ["call-3", "call-2", "call-1"]),
            ("agent=sales", ["call-2", "call-1"]),
            ("state__exact=lost", ["call-1"]),
            ("agent=sales&state__exact=requested", ["call-2"]),
            ("q=4930901820", ["call-1"]),
            ("codec=PCMA", []),
            ("o=1", ["call-3", "call-2", "call-1"]),
        ],
    )
    def test_the_file_holds_what_the_list_shows(
        self, as_bob: Client, query: str, calls: list[str]
    ) -> None:
        assert [row["call_id"] for row in exported(as_bob, f"{EXPORT}?{query}")] == calls
        shown = as_bob.get(f"{LIST}?{query}").context["cl"].result_list
        assert sorted(tap.call.call_id for tap in shown) == sorted(calls)

    def test_the_button_carries_the_filters(self, as_bob: Client) -> None:
        html = as_bob.get(f"{LIST}?agent=sales&q=call").content.decode()
        assert "Export 2 as CSV" in html
        (button,) = [link for link in links(html) if "export.csv" in link]
        assert len(exported(as_bob, button)) == 2

    def test_the_button_exports_every_page_of_the_list(self, as_bob: Client) -> None:
        for number in range(60):
            taps.open_tap(f"more-{number}", agent="more")
        html = as_bob.get(f"{LIST}?agent=more&p=2").content.decode()
        (button,) = [link for link in links(html) if "export.csv" in link]
        assert len(exported(as_bob, button)) == 60

    @pytest.mark.parametrize(
        "query", ["requested_at__year=soon", "listens__user__password=x", "id=7"]
    )
    def test_a_filter_that_is_not_understood_exports_nothing(
        self, as_bob: Client, query: str
    ) -> None:
        assert as_bob.get(f"{EXPORT}?{query}").status_code == HTTPStatus.BAD_REQUEST


class TestLength:
    def test_a_slow_client_keeps_no_database_connection_between_two_pages(
        self, as_bob: Client, opened: OpenedTap, given_back: list[bool]
    ) -> None:
        response = as_bob.get(EXPORT)
        assert not given_back
        content(response)
        assert given_back

    def test_pages_join_without_a_seam(
        self, as_bob: Client, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rows of the same moment are split between two pages of the export."""
        monkeypatch.setattr(export, "PAGE", 7)
        now = timezone.now()
        calls = Call.objects.bulk_create(Call(call_id=f"call-{n}") for n in range(50))
        made = Tap.objects.bulk_create(
            Tap(
                call=call,
                control_id=f"tap-{n}",
                requested_at=now - datetime.timedelta(seconds=n // 20),
            )
            for n, call in enumerate(calls)
        )
        rows = exported(as_bob)
        assert len(rows) == 50
        assert {row["tap_id"] for row in rows} == {str(tap.pk) for tap in made}
        moments = [row["requested_at"] for row in rows]
        assert moments == sorted(moments, reverse=True)

    def test_a_tap_that_comes_meanwhile_moves_nothing(
        self, as_bob: Client, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "PAGE", 2)
        for number in range(4):
            taps.open_tap(f"call-{number}")
        fetch = export._fetch

        def open_another(*arguments: Any) -> Any:
            found = fetch(*arguments)
            taps.open_tap(f"late-{Tap.objects.count()}")
            return found

        monkeypatch.setattr(export, "_fetch", open_another)
        calls = [row["call_id"] for row in exported(as_bob)]
        assert calls == ["call-3", "call-2", "call-1", "call-0"]


class TestPermission:
    @pytest.mark.parametrize("path", [EXPORT, LISTENS])
    def test_it_is_for_those_who_may_see_the_list(
        self, client: Client, as_alice: Client, charlie: User, opened: OpenedTap, path: str
    ) -> None:
        for outsider in (client, as_alice):
            assert outsider.get(path)["Location"].startswith("/admin/login/")
        User.objects.filter(pk=charlie.pk).update(is_staff=True)
        client.force_login(charlie)
        assert client.get(path).status_code == HTTPStatus.FORBIDDEN

    def test_it_is_only_read(self, as_bob: Client, opened: OpenedTap) -> None:
        assert as_bob.post(EXPORT).status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_calls_have_no_export(self, as_bob: Client, opened: OpenedTap) -> None:
        assert "export.csv" not in as_bob.get("/admin/monitor/call/").content.decode()
