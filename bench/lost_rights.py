"""The users of ``bench.revocation``, and the ways in which they lose the right to hear a call."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ENDS_IN = 8.0  # seconds in which a session reaches its age
PASSWORD, CHOSEN = "dew on a lantern", "rain behind the mill"


@dataclass(slots=True)
class Ear:
    """A user who hears the tap, with the session's cookie."""

    user: Any
    cookie: str
    port: int  # of the server whose pages the user opens


Cause = Callable[[Ear], object]


def post(ear: Ear, path: str, **fields: str) -> None:
    """Post a form of a page, with the token that the password's page has."""
    page = urllib.request.Request(
        f"http://127.0.0.1:{ear.port}/password", headers={"Cookie": ear.cookie}
    )
    with urllib.request.urlopen(page) as answer:
        csrf = answer.headers["Set-Cookie"].partition(";")[0]
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', answer.read().decode())
    assert found
    body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": found[1]}).encode()
    headers = {"Cookie": f"{ear.cookie}; {csrf}"}
    sent = urllib.request.Request(f"http://127.0.0.1:{ear.port}{path}", body, headers)
    urllib.request.build_opener(NotFollowed).open(sent).close()


class NotFollowed(urllib.request.HTTPErrorProcessor):
    """Takes a redirect as the answer."""

    def http_response(self, request: Any, response: Any) -> Any:
        assert response.status == 302, response.status
        return response


def deactivate(ear: Ear) -> None:
    """Deactivate the account, as code does."""
    ear.user.is_active = False
    ear.user.save()


def _set_password(ear: Ear) -> None:
    ear.user.set_password(CHOSEN)
    ear.user.save()


def _change_password(ear: Ear) -> None:
    """Run Django's command, which takes the new password from its input for want of a terminal."""
    command = [sys.executable, "manage.py", "changepassword", ear.user.username]
    typed = f"{CHOSEN}\n" * 2
    subprocess.run(
        command, input=typed, text=True, check=True, capture_output=True, start_new_session=True
    )


def _deactivate_in_admin(ear: Ear) -> None:
    """Post the form of the account, in which the box "Active" is not ticked."""
    joined = ear.user.date_joined
    post(
        administrator(ear.port),
        f"/admin/auth/user/{ear.user.pk}/change/",
        username=ear.user.username,
        date_joined_0=f"{joined:%Y-%m-%d}",
        date_joined_1=f"{joined:%H:%M:%S}",
        groups=str(ear.user.groups.get().pk),
    )


def shorten(ear: Ear) -> float:
    """Have the session reach its age in ENDS_IN seconds; return when, in Unix time."""
    from django.conf import settings

    from monitor.services.session_store import SIGNED_IN_AT, SessionStore

    session = SessionStore(ear.cookie.partition("=")[2])
    ends_at = time.time() + ENDS_IN
    session[SIGNED_IN_AT] = ends_at - settings.SESSION_COOKIE_AGE
    session.save()
    return ends_at


def _take_factor(ear: Ear) -> None:
    from allauth.mfa.models import Authenticator

    from monitor.services import second_factor

    Authenticator.objects.create(user=ear.user, type="webauthn", data={"name": "bench"})
    second_factor.take_away(ear.user)


CAUSES: dict[str, Cause] = {
    "sign-out, page": lambda ear: post(ear, "/logout"),
    "password, page": lambda ear: post(
        ear, "/password", old_password=PASSWORD, new_password1=CHOSEN, new_password2=CHOSEN
    ),
    "password, command": _change_password,
    "password, code": _set_password,
    "deactivation, admin": _deactivate_in_admin,
    "deactivation, code": deactivate,
    "group taken, code": lambda ear: ear.user.groups.clear(),
    "team taken, code": lambda ear: ear.user.teams.clear(),
    "second factor taken, code": _take_factor,
    "user deleted, code": lambda ear: ear.user.delete(),
}


def make_ear(port: int) -> Ear:
    """Make a supervisor of the team, signed in."""
    from django.contrib.auth.models import Group, User

    from monitor.models import Team

    user = User.objects.create_user(uuid.uuid4().hex, password=PASSWORD)
    user.groups.add(Group.objects.get(name="Supervisors"))
    Team.objects.get(name="bench").members.add(user)
    return _signed_in(user, port)


@functools.cache
def administrator(port: int) -> Ear:
    """Return the administrator of the server, signed in."""
    from django.contrib.auth.models import User

    return _signed_in(User.objects.create_superuser(uuid.uuid4().hex), port)


def _signed_in(user: Any, port: int) -> Ear:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return Ear(user, f"{name}={client.cookies[name].value}", port)
