"""Measures how soon one who loses the right hears nothing more: ``python -m bench.revocation``.

Two servers share a database and Redis. A tap sends to the one, and two sockets of a user hear it at
the other: one that reads, and one that never does. The right is taken at the first server's pages
or in its admin, by a command in a process of its own, or by a third process, as other code does it.
All is timed by one clock, from the moment at which that is asked for: a command starts first, and
a password is hashed first.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websockets

from bench import rows, state
from bench.testbed import Server, Testbed, free_port, take_the_machine
from bench.wire import handshake
from monitor.wire.frame import unpack_header

UNIT = 0.02  # seconds of audio in a message of the sender
ACK_EVERY = 1.0  # seconds
WITHIN = 40.0  # seconds, after which a socket counts as not closed
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


def _deactivate(ear: Ear) -> None:
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


def _shorten(ear: Ear) -> float:
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
    "deactivation, code": _deactivate,
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


async def send(port: int, path: str) -> None:
    """Send audio to the tap in real time, until cancelled."""
    async with websockets.connect(f"ws://127.0.0.1:{port}{path}") as tap:
        began, sent = time.monotonic(), 0
        while True:
            await tap.send(bytes([0xD5, 0x55]) * 80)
            sent += 1
            await asyncio.sleep(max(0.0, began + sent * UNIT - time.monotonic()))


async def hear(port: int, tap: str, ear: Ear) -> tuple[float, float, int]:
    """Read until the socket is closed: return when audio and the close came, and its code.

    What came is acknowledged as pages do it, or the socket would be closed for being too slow.
    """
    last = acknowledged = 0.0
    async with websockets.connect(
        f"ws://127.0.0.1:{port}/listen/{tap}",
        additional_headers={"Cookie": ear.cookie},
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
    ) as page:
        try:
            async for message in page:
                if isinstance(message, bytes):
                    last = time.time()
                    if last > acknowledged + ACK_EVERY:
                        acknowledged = last
                        position = unpack_header(message).position
                        await page.send(json.dumps({"type": "ack", "position": position}))
        except websockets.ConnectionClosed:
            pass
        return last, time.time(), page.close_code or 0


def deaf(port: int, tap: str, ear: Ear) -> socket.socket:
    """Open a socket that hears the tap, and read nothing from it."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(handshake(port, f"/listen/{tap}", ear.cookie))
    return connection


async def measure(send_port: int, hear_port: int, name: str, cause: Cause | None) -> str:
    """Return a row of the table: how soon the two sockets of a user were closed. Without a cause,
    their session reaches its age."""
    from channels.db import database_sync_to_async as in_thread

    from monitor.models import ListenSession

    ear = await in_thread(make_ear)(send_port)
    ends_at = 0.0 if cause else await in_thread(_shorten)(ear)
    (path,), (tap,) = await in_thread(state.open_taps)(1)
    sender = asyncio.create_task(send(send_port, path))
    await asyncio.sleep(0.5)
    connection = await asyncio.to_thread(deaf, hear_port, tap, ear)
    reading = asyncio.create_task(hear(hear_port, tap, ear))
    sessions = ListenSession.objects.filter(tap_id=tap)
    while await in_thread(sessions.count)() < 2:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    if cause:
        began = time.time()
        await in_thread(cause)(ear)
        asked = time.time()
    else:
        began = asked = ends_at
    last, closed, code = await asyncio.wait_for(reading, WITHIN)
    while await in_thread(sessions.filter(ended_at=None).count)():
        assert time.time() < began + WITHIN, "a socket was not closed"
        await asyncio.sleep(0.02)
    ended = max([one.ended_at.timestamp() async for one in sessions if one.ended_at])
    sender.cancel()
    connection.close()
    figures = (asked - began, last - began, closed - began, ended - began)
    return f"| {name} | {code} | " + " | ".join(f"{one * 1000:.0f}" for one in figures) + " |"


HEADING = """| cause | code | the request took | last audio | closed | both rows ended |
|---|---|---|---|---|---|"""


async def measure_all(send_port: int, hear_port: int, redis_pid: int) -> None:
    """Print the table of one kind of server."""

    def without_redis(ear: Ear) -> None:
        os.kill(redis_pid, signal.SIGSTOP)
        _deactivate(ear)

    await asyncio.to_thread(administrator, send_port)
    print(HEADING)
    for name, cause in CAUSES.items():
        print(await measure(send_port, hear_port, name, cause), flush=True)
    print(await measure(send_port, hear_port, "age of the session", None), flush=True)
    try:
        last = await measure(send_port, hear_port, "deactivation, Redis stopped", without_redis)
    finally:
        os.kill(redis_pid, signal.SIGCONT)
    print(last, flush=True)


def main() -> None:
    """Measure each cause with both servers."""
    with Testbed() as here:
        take_the_machine()
        there = copy.copy(here)
        there.port = free_port()
        state.prepare()
        state.collect_static()
        from monitor.models import Agent, Team

        team = Team.objects.create(name="bench")
        Agent.objects.create(name="bench 0", team=team)
        os.environ["ALLOWED_ORIGINS"] = f"http://127.0.0.1:{there.port}"
        for name in rows.SERVERS:
            command = rows.named(name).command
            with Server(here, command), Server(there, command):
                print(f"\n{name}, milliseconds\n")
                asyncio.run(measure_all(here.port, there.port, here.redis_pid))


if __name__ == "__main__":
    main()
