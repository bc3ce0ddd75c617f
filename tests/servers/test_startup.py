"""What a server says and does as it starts, and the settings that bind other servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from monitor.servers import demo, startup
from monitor.servers.children import LaunchError
from monitor.servers.launch import Launch
from monitor.services import taps


def read_settings(expression: str, **environment: str) -> str:
    """What the settings are in another environment."""
    code = f"from monitor import settings; print({expression})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(django_settings.BASE_DIR),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


class TestWarnings:
    def test_a_public_server_says_that_it_verifies_no_webhooks(
        self, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.PUBLIC_URL, settings.SECURE = "https://taps.example.com", True
        settings.SIGNALWIRE_SIGNING_KEY = ""
        startup.say_what_is_missing()
        (said,) = caplog.messages
        assert said.startswith("SIGNALWIRE_SIGNING_KEY is not set: status webhooks are not verif")

    def test_a_server_for_trying_things_out_says_nothing(
        self, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.SIGNALWIRE_SIGNING_KEY = ""
        startup.say_what_is_missing()
        assert not caplog.messages


class TestDemoUsers:
    @pytest.fixture
    def supervisor(self, db: Any, settings: Any, tmp_path: Path) -> str:
        """The demo's supervisor, after a demo that could not end; returns the password."""
        settings.VAR_DIR = tmp_path
        return demo.ensure_users()[demo.SUPERVISOR]

    def sign_in(self, password: str) -> bool:
        answer = Client().post("/login", {"username": demo.SUPERVISOR, "password": password})
        return answer.status_code == 302

    def test_they_cannot_sign_in_at_a_server_that_is_not_the_demos(
        self, supervisor: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.sign_in(supervisor)
        startup.lock_demo_users()
        said = "locked the demo's users, who could still sign in: demo-admin, demo-supervisor"
        ours = [one.getMessage() for one in caplog.records if one.name.startswith("monitor")]
        assert ours == [said]  # asyncio tells of whatever takes long on a busy machine
        assert not self.sign_in(supervisor)

    def test_the_demos_own_server_lets_them_in(self, supervisor: str, settings: Any) -> None:
        settings.DEMO = True
        startup.lock_demo_users()
        assert self.sign_in(supervisor)

    def test_the_supervisor_is_in_the_team_that_new_agents_join(self, supervisor: str) -> None:
        taps.open_tap("call-1", agent="receptionist")
        [team] = User.objects.get(username=demo.SUPERVISOR).teams.all()
        assert (team.name, [agent.name for agent in team.agents.all()]) == (
            demo.TEAM,
            ["receptionist"],
        )

    def test_their_sessions_end_as_well(self, supervisor: str) -> None:
        client = Client()
        client.force_login(User.objects.get(username=demo.SUPERVISOR))
        startup.lock_demo_users()
        assert client.get("/").status_code == 302

    def test_they_are_locked_when_the_demo_ends(
        self, supervisor: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("prepare", "serve", "simulate", "stop"):
            monkeypatch.setattr(Launch, name, lambda *arguments, **options: None)
        monkeypatch.setattr(Launch, "watch", _interrupt)
        call_command("up")
        assert not self.sign_in(supervisor)

    def test_a_second_start_beside_a_running_demo_locks_nobody(
        self, supervisor: str, monkeypatch: pytest.MonkeyPatch, signals_back: None
    ) -> None:
        monkeypatch.setattr(Launch, "prepare", _runs_already)
        with pytest.raises(Exception, match="runs already"):
            call_command("up")
        assert self.sign_in(supervisor)


def _interrupt(launch: Launch) -> None:
    raise KeyboardInterrupt


def _runs_already(launch: Launch, demo: bool) -> None:
    raise LaunchError("a server of this checkout runs already")


class TestOtherServers:
    PUBLIC = {"PUBLIC_URL": "https://taps.example.com"}

    def test_transport_security_binds_this_host_alone_unless_asked_for(self) -> None:
        names = ("SECONDS > 0", "INCLUDE_SUBDOMAINS", "PRELOAD")
        expression = ", ".join(f"settings.SECURE_HSTS_{name}" for name in names)
        assert read_settings(expression, **self.PUBLIC) == "True False False"
        more = {"HSTS_INCLUDE_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"}
        assert read_settings(expression, **self.PUBLIC, **more) == "True True True"

    def test_an_origin_that_may_listen_may_not_post_forms(self) -> None:
        origins = {"ALLOWED_ORIGINS": "https://wall.example.com"}
        trusted = read_settings("settings.CSRF_TRUSTED_ORIGINS", **self.PUBLIC, **origins)
        assert trusted == "['https://taps.example.com']"
