"""The identity provider of the run, and the settings that have users sign in with it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from types import TracebackType
from typing import Any, Self

from django.conf import settings as django_settings
from django.test import Client

from monitor.web.pages import provider as pages
from monitor.wire import provider_groups

# Now, without a provider: routes that are imported while a test has one would keep the provider's.
from tests.support import provider_routes

CLIENT, SECRET = "earshot", "only-for-tests-oidc"
GROUPS = (
    "desk = role:Supervisors, team:Sales; leads = role:Supervisor leads, staff; audit = staff,"
    "role:Auditors"
)


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    """Answers with the redirection itself."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Provider:
    """A provider that runs, and the people that it knows."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.support.provider_process",
                CLIENT,
                SECRET,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=django_settings.BASE_DIR,
        )
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def knows(self, subject: str, **claims: Any) -> None:
        """Have the provider know a person, of whom it tells these claims."""
        self._put(f"/users/{subject}", claims)

    def forge(self, **claims: Any) -> None:
        """Have it put wrong claims into ID tokens; without any, right ones again."""
        self._put("/forge", claims)

    def answer(self, asked: str, subject: str = "", **sent: str) -> str:
        """Do what a person's browser does at the address that it was led to, and return where it is
        led back to."""
        form = urllib.parse.urlencode({"sub": subject, **sent}).encode()
        try:
            urllib.request.build_opener(KeepRedirects).open(asked, form, timeout=10)
        except urllib.error.HTTPError as redirection:
            with redirection:
                return redirection.headers["Location"]
        raise AssertionError("the provider led nowhere")

    def _put(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=10).close()


def set_up_provider(settings: Any, issuer: str, groups: str = GROUPS) -> None:
    """Have users sign in with a provider, as its settings do."""
    settings.ROOT_URLCONF = provider_routes.__name__
    settings.OIDC_ISSUER = issuer
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    settings.OIDC_GROUPS = provider_groups.parse(groups)
    settings.OIDC_NAME = "Example Inc."
    pages.provider.cache_clear()


def come_back(client: Client, provider: Provider, subject: str, asked: str = "") -> str:
    """Begin a sign-in and do the provider's part of it; return the path that leads back here."""
    asked = asked or client.get("/login/provider")["Location"]
    back = provider.answer(asked, subject)
    assert back.startswith(django_settings.PUBLIC_URL)
    return back.removeprefix(django_settings.PUBLIC_URL)


def sign_in(client: Client, provider: Provider, subject: str) -> Any:
    """Sign in with the provider, and return what Earshot answers in the end."""
    return client.get(come_back(client, provider, subject))
