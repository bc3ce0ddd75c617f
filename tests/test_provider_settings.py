"""Users sign in with an identity provider only if OIDC_ISSUER is set; nonsense stops the start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

from monitor import env_addresses
from tests.support.checks import manage

ISSUER = {
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "earshot",
    "OIDC_CLIENT_SECRET": "only-for-tests",
    "OIDC_GROUPS": "desk = role:Supervisors",
}
#: Prints the routes of the provider, and what was imported for them.
LOOK = """
import sys, django
django.setup()
from django.urls import get_resolver
print([str(one.pattern) for one in get_resolver().url_patterns if "provider" in repr(one)])
print([one for one in ("authlib", "joserfc", "monitor.web.pages.provider") if one in sys.modules])
"""


def look(**env: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "monitor.settings", **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_without_an_issuer_it_has_no_route_and_nothing_is_imported() -> None:
    assert look() == ["[]", "[]"]


def test_with_one_it_has() -> None:
    routes, imported = look(**ISSUER)
    assert routes != "[]"
    assert imported == "['authlib', 'joserfc', 'monitor.web.pages.provider']"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"OIDC_CLIENT_ID": ""}, "OIDC_ISSUER needs OIDC_CLIENT_ID"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_ISSUER needs OIDC_CLIENT_ID"),
        ({"OIDC_GROUPS": ""}, "without groups nobody could sign in"),
        ({"OIDC_GROUPS": "desk = Supervisors"}, "group = role:Supervisors, team:Support"),
        ({"OIDC_SCOPES": "profile"}, "one of them must be openid"),
        (
            {"OIDC_ISSUER": "http://login.example.com"},
            "use a URL with https://, or http:// for a provider",
        ),
    ],
)
def test_what_makes_no_sense_stops_the_start(changes: dict[str, str], said: str) -> None:
    done = manage("check", **{**ISSUER, **changes})
    assert done.returncode
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("", ""),
        ("https://login.example.com/tenant/", "https://login.example.com/tenant"),
        ("http://localhost:8080/realms/calls", "http://localhost:8080/realms/calls"),
    ],
)
def test_an_issuer(text: str, issuer: str) -> None:
    assert env_addresses.issuer(text) == issuer


@pytest.mark.parametrize(
    "text", ["login.example.com", "http://10.0.0.7", "ftp://login.example.com"]
)
def test_none(text: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        env_addresses.issuer(text)
