"""The pages: who sees which, and what guards each."""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from monitor.ingest.rtp_tap import RtpTap
from monitor.models import Call, ListenSession
from monitor.services import marks, packet_figures, taps
from monitor.services.taps import OpenedTap
from tests.support import environment
from tests.support.markup import refused
from tests.support.rest import set_up_rest
from tests.support.rows import NOW, change, keep_talk
from tests.support.status import path_of
from tests.support.tellings import tell
from tests.support.words import heard

XSS = "<script>alert('x')</script>"


class TestSigningIn:
    def test_a_signed_out_reader_is_sent_to_sign_in(self, client: Client) -> None:
        response = client.get("/")
        assert response.status_code == HTTPStatus.FOUND
        assert response["Location"] == "/login?next=/"

    def test_a_call_is_behind_the_sign_in_as_well(self, client: Client, opened: OpenedTap) -> None:
        path = f"/calls/{opened.tap.call_id}"
        assert client.get(path)["Location"] == f"/login?next={path}"

    def test_a_right_password_opens_the_console(self, client: Client, alice: User) -> None:
        form = {"username": "alice", "password": "alice's password"}
        response = client.post("/login", form)
        assert (response.status_code, response["Location"]) == (HTTPStatus.FOUND, "/")
        assert client.get("/").status_code == HTTPStatus.OK

    def test_one_returns_to_the_page_one_came_for(self, client: Client, alice: User) -> None:
        form = {"username": "alice", "password": "alice's password", "next": "/admin/"}
        assert client.post("/login", form)["Location"] == "/admin/"

    def test_nobody_is_sent_to_another_site(self, client: Client, alice: User) -> None:
        form = {"username": "alice", "password": "alice's password", "next": "//evil.example/"}
        assert client.post("/login", form)["Location"] == "/"

    def test_a_wrong_password_is_told(self, client: Client, alice: User) -> None:
        response = client.post("/login", {"username": "alice", "password": "wrong"})
        assert response.status_code == HTTPStatus.OK
        assert "Please enter a correct username and password" in response.content.decode()

    def test_a_deactivated_user_stays_outside(self, client: Client, alice: User) -> None:
        User.objects.update(is_active=False)
        client.post("/login", {"username": "alice", "password": "alice's password"})
        assert client.get("/").status_code == HTTPStatus.FOUND

    def test_who_is_signed_in_skips_the_form(self, as_alice: Client) -> None:
        assert as_alice.get("/login")["Location"] == "/"

    def test_signing_out_ends_the_session(self, as_alice: Client) -> None:
        assert as_alice.post("/logout")["Location"] == "/login"
        assert as_alice.get("/").status_code == HTTPStatus.FOUND

    def test_a_link_signs_nobody_out(self, as_alice: Client) -> None:
        assert as_alice.get("/logout").status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert as_alice.get("/").status_code == HTTPStatus.OK

    def test_the_form_is_guarded_against_forgery(self, alice: User) -> None:
        client = Client(enforce_csrf_checks=True)
        form = {"username": "alice", "password": "alice's password"}
        assert client.post("/login", form).status_code == HTTPStatus.FORBIDDEN

    def test_the_cookie_is_kept_from_scripts_and_other_sites(
        self, client: Client, alice: User
    ) -> None:
        client.post("/login", {"username": "alice", "password": "alice's password"})
        cookie = client.cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


class TestCallPage:
    def test_supervisors_and_administrators_see_it(
        self, as_alice: Client, as_bob: Client, opened: OpenedTap
    ) -> None:
        for client in (as_alice, as_bob):
            assert client.get(f"/calls/{opened.tap.call_id}").status_code == HTTPStatus.OK

    def test_others_do_not(self, as_charlie: Client, opened: OpenedTap) -> None:
        response = as_charlie.get(f"/calls/{opened.tap.call_id}")
        assert response.status_code == HTTPStatus.FORBIDDEN
        assert "+15551230000" not in response.content.decode()

    @pytest.mark.parametrize("path", ["/calls/999", f"/taps/{uuid.UUID(int=9)}"])
    def test_an_unknown_one_is_not_found(self, as_alice: Client, path: str) -> None:
        assert as_alice.get(path).status_code == HTTPStatus.NOT_FOUND

    def test_a_call_without_a_tap_has_its_facts_and_no_box_of_a_leg(
        self, as_alice: Client, settings: Any
    ) -> None:
        tell(heard("Hello."), timezone.now())
        path = f"/calls/{Call.objects.get().pk}"
        html = as_alice.get(path).content.decode()
        assert "Not tapped" in html
        assert "it is not tapped, so nobody can hear it" in html
        assert "Your account lacks the permission." in html
        assert 'class="deck' not in html
        assert "leg-title" not in html
        assert "<dt>Requested</dt>" not in html
        assert as_alice.get(f"{path}/deck").status_code == HTTPStatus.OK

    def test_whoever_may_start_a_tap_finds_a_deck_beside_the_button(
        self, as_root: Client, settings: Any
    ) -> None:
        set_up_rest(settings)
        tell(heard("Hello."), timezone.now())
        html = as_root.get(f"/calls/{Call.objects.get().pk}").content.decode()
        assert 'data-order="start"' in html
        assert 'class="deck' in html
        assert "it is not tapped" not in html

    @pytest.mark.parametrize("unknown", ["/calls/999", f"/taps/{uuid.UUID(int=9)}"])
    def test_whether_one_exists_is_not_told_to_those_who_may_not_see_it(
        self, as_charlie: Client, opened: OpenedTap, unknown: str
    ) -> None:
        for path in (f"/calls/{opened.tap.call_id}", f"/taps/{opened.tap.pk}", unknown):
            assert as_charlie.get(path).status_code == HTTPStatus.FORBIDDEN

    def test_the_address_of_a_tap_leads_to_its_leg_on_the_page_of_its_call(
        self, as_alice: Client, opened: OpenedTap
    ) -> None:
        path, tap = f"/calls/{opened.tap.call_id}", opened.tap.pk
        assert as_alice.get(f"/taps/{tap}")["Location"] == f"{path}#leg-{tap}"
        assert f'id="leg-{tap}"' in as_alice.get(path).content.decode()

    def test_each_leg_is_shown_with_its_side(self, as_alice: Client, opened: OpenedTap) -> None:
        taps.open_tap("call-1", direction="listen")
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        assert re.findall(r'<h2 id="leg-title-[^>]*>(.*?)</h2>', html) == [
            "Both sides",
            "Agent only",
        ]

    def test_why_it_needed_attention_is_in_its_timeline(
        self, as_alice: Client, opened: OpenedTap
    ) -> None:
        marks.ask_for_help("call-1", XSS)
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        assert "The agent asked for help: &lt;script&gt;" in html
        assert XSS not in html

    def test_who_listened_is_for_administrators(
        self, as_alice: Client, as_bob: Client, charlie: User, opened: OpenedTap
    ) -> None:
        ended = {"ended_at": NOW, "username": "charlie"}
        ListenSession.objects.create(tap=opened.tap, user=charlie, **ended)
        path = f"/calls/{opened.tap.call_id}"
        assert "charlie" not in as_alice.get(path).content.decode()
        assert "charlie" in as_bob.get(path).content.decode()

    def test_an_rtp_taps_packets_are_in_words(self, as_alice: Client, opened: OpenedTap) -> None:
        """The page holds zeros for its script to fill, and hides them until then."""
        change(opened, transport="rtp", rtp={"received": 1234, "lost": -3, "skipped": 12000})
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        found = re.findall(
            r'<div data-figure="(\w+)" data-unit="(\w*)"( hidden)?>\s*'
            r'<dt>(.+?)</dt>\s*<dd data-part="figure" data-value="([\d.]+)">(.*?)</dd>',
            html,
        )
        assert [(name, value, text) for name, _, hidden, _, value, text in found if not hidden] == [
            ("received", "1234", "1234"),
            ("skipped", "12000", "1.50 s"),
        ]
        assert [name for name, *_ in found] == [one.name for one in packet_figures.FIGURES]

    def test_other_taps_have_no_packets(self, as_alice: Client, opened: OpenedTap) -> None:
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        assert "data-figure" not in html

    def test_it_says_who_talked_where_the_sides_were_tapped_apart(
        self, as_alice: Client, opened: OpenedTap
    ) -> None:
        path = f"/calls/{opened.tap.call_id}"
        assert "Who talked" not in as_alice.get(path).content.decode()
        keep_talk(opened.tap.call)
        html = as_alice.get(path).content.decode()
        assert "1 min 15 s (75 % of what was said)" in html
        assert "2 times, 1 s" in html

    def test_what_callers_wrote_is_text(self, as_bob: Client, db: Any) -> None:
        tap = taps.open_tap(
            "call-2", agent=XSS, caller=XSS, caller_name=XSS, reason=f"'\"{XSS}"
        ).tap
        html = as_bob.get(f"/calls/{tap.call_id}").content.decode()
        assert XSS not in html
        assert "&lt;script&gt;alert" in html

    def test_no_page_names_a_token(self, as_alice: Client, opened: OpenedTap) -> None:
        html = as_alice.get(f"/calls/{opened.tap.call_id}").content.decode()
        assert opened.uri.rpartition(".")[2] not in html
        assert opened.status_url.split("/")[4] not in html


def test_every_figure_of_an_rtp_tap_has_words() -> None:
    counted = RtpTap(Mock(), Mock()).figures()
    assert {one.name for one in packet_figures.FIGURES} == set(counted)


class TestHealth:
    def test_all_is_well(self, client: Client, db: Any) -> None:
        response = client.get("/healthz")
        assert (response.status_code, response.json()) == (HTTPStatus.OK, {"ok": True})

    def test_redis_away_is_named(self, client: Client, db: Any, settings: Any) -> None:
        settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}/0"
        response = client.get("/healthz")
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert response.json() == {"ok": False, "redis": "no answer"}

    def test_no_redis_at_all_is_named(self, client: Client, db: Any, settings: Any) -> None:
        settings.REDIS_URL = ""
        said = client.get("/healthz").json()
        assert said["redis"].startswith("no Redis: set REDIS_URL")

    def test_a_broken_database_is_named(
        self, client: Client, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = Mock(spec=connection, cursor=Mock(side_effect=OperationalError("disk full")))
        monkeypatch.setattr("monitor.web.health.connection", broken)
        response = client.get("/healthz")
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert response.json() == {"ok": False, "database": "no answer"}

    def test_a_worker_is_not_ready_without_what_it_needs(
        self, client: Client, db: Any, settings: Any
    ) -> None:
        assert client.get("/readyz").status_code == HTTPStatus.OK
        settings.REDIS_URL = ""
        assert client.get("/readyz").status_code == HTTPStatus.SERVICE_UNAVAILABLE

    def test_it_is_never_cached(self, client: Client, db: Any) -> None:
        assert "no-store" in client.get("/healthz")["Cache-Control"]


@pytest.fixture
def everything(
    as_bob: Client, opened: OpenedTap, root: User, client: Client
) -> list[tuple[str, Any]]:
    """Every kind of page, as an administrator gets it."""
    admin = f"/admin/monitor/tap/{opened.tap.pk}/change/"
    paths = ["/", f"/calls/{opened.tap.call_id}", "/nothing-here", "/healthz", "/admin/", admin]
    pages = [(path, as_bob.get(path)) for path in paths]
    pages += [("/login", client.get("/login")), ("/admin/login/", client.get("/admin/login/"))]
    status = path_of(opened.status_url)
    return [*pages, (status, client.post(status, "{}", content_type="application/json"))]


class TestGuards:
    def test_every_page_has_the_policy(self, everything: list[tuple[str, Any]]) -> None:
        for path, response in everything:
            policy = response.get("Content-Security-Policy", "")
            assert "default-src 'none'" in policy, path
            assert "frame-ancestors 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert "blob:" not in policy, path

    def test_every_page_has_the_other_headers(self, everything: list[tuple[str, Any]]) -> None:
        for path, response in everything:
            assert response.get("X-Content-Type-Options") == "nosniff", path
            assert response.get("X-Frame-Options") == "DENY", path
            assert response.get("Referrer-Policy") == "same-origin", path
            assert response.get("Cross-Origin-Opener-Policy") == "same-origin", path

    def test_no_page_holds_what_its_policy_refuses(self, everything: list[tuple[str, Any]]) -> None:
        for path, response in everything:
            assert refused(response.content.decode()) == [], path

    def test_pages_with_calls_are_not_kept_by_caches(
        self, as_bob: Client, opened: OpenedTap
    ) -> None:
        admin = f"/admin/monitor/tap/{opened.tap.pk}/change/"
        for path in ("/", f"/calls/{opened.tap.call_id}", "/admin/monitor/tap/", admin):
            assert "no-store" in as_bob.get(path)["Cache-Control"], path


class TestDeckWindow:
    """The window with the deck of one call."""

    def test_it_has_the_call_and_nothing_that_needs_another_right(
        self, as_alice: Client, opened: OpenedTap
    ) -> None:
        page = as_alice.get(f"/calls/{opened.tap.call_id}/deck").content.decode()
        assert "receptionist" in page
        assert 'data-part="main"' in page

    def test_who_may_only_watch_is_refused(self, as_bob: Client, opened: OpenedTap) -> None:
        response = as_bob.get(f"/calls/{opened.tap.call_id}/deck")
        assert response.status_code == HTTPStatus.FORBIDDEN

    def test_a_stranger_signs_in_first(self, client: Client, opened: OpenedTap) -> None:
        path = f"/calls/{opened.tap.call_id}/deck"
        assert client.get(path)["Location"] == f"/login?next={path}"

    def test_an_ended_call_is_said_to_have_ended(self, as_alice: Client, opened: OpenedTap) -> None:
        change(opened, state="finished", ended_at=NOW)
        page = as_alice.get(f"/calls/{opened.tap.call_id}/deck").content.decode()
        assert "This call has ended." in page
        assert 'data-part="main"' not in page

    def test_a_call_that_is_not_there_is_not_found(self, as_alice: Client) -> None:
        assert as_alice.get("/calls/12345/deck").status_code == HTTPStatus.NOT_FOUND
