"""Limits how many requests Django works on at once, and how many of them check a password.

Django gives every request a thread of its own. Forty requests that hash a password at once are
forty runnable threads beside the one that carries the audio, which then ran a second late. Here
all but a few requests wait before they get a thread and a database connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from weakref import WeakValueDictionary

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext as _

from monitor.web.known_device import KnownDevice
from monitor.wire.client_address import UNKNOWN

REQUESTS = 8  # that Django works on at once
PASSWORDS = 1  # that check a password: a hash takes a whole processor for 0.3 s
WAITING = 200  # sign-ins that may wait; each keeps its form in memory
PATIENCE = 10.0  # seconds that a sign-in waits
OF_ONE_CLIENT = 30  # sign-ins of one client; more would not get their turn within PATIENCE
#: Views whose POST hashes a password.
PASSWORD_VIEWS = {
    "login",
    "account_reauthenticate",
    "password",
    "password-choose",
    "admin:auth_user_add",
    "admin:auth_user_password_change",
}


class Busy(Exception):
    """No place became free in time."""


class Turnstile:
    """Admits a few sign-ins at once, one for each client, and lets others wait for a while."""

    def __init__(self, places: int, waiting: int, patience: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._most = places + waiting
        self._patience = patience
        self._here: Counter[str] = Counter()  # how many each client has, waiting or admitted
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raises Busy."""
        if self._here.total() >= self._most or self._here[client] >= OF_ONE_CLIENT:
            raise Busy
        self._here[client] += 1
        try:
            async with contextlib.AsyncExitStack() as held:
                # Others wait for at most one sign-in of a client, however many it sends.
                line = self._lines.setdefault(client, asyncio.Lock())
                try:
                    async with asyncio.timeout(self._patience):
                        await held.enter_async_context(line)
                        await held.enter_async_context(self._places)
                except TimeoutError:
                    raise Busy from None
                yield
        finally:
            self._here[client] -= 1
            if not self._here[client]:
                del self._here[client]


class Middleware:
    """The outermost middleware: behind it, every request has a thread of its own."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self._get_response = get_response
        self._requests = asyncio.Semaphore(REQUESTS)
        self._sign_ins = Turnstile(PASSWORDS, WAITING, PATIENCE)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if not checks_password(request):
            return await self._work(request)
        try:
            async with self._sign_ins.place(client_name(request)):
                return await self._work(request)
        except Busy:
            return busy_page(request)

    async def _work(self, request: HttpRequest) -> HttpResponse:
        async with self._requests:
            return await finished(self._get_response(request))


async def finished(work: Awaitable[HttpResponse]) -> HttpResponse:
    """Wait until work has ended in its thread, even if the client has disconnected by then."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    finally:
        await asyncio.wait([task])


def checks_password(request: HttpRequest) -> bool:
    """Return whether this request will hash a password."""
    if request.method != "POST":
        return False
    try:
        return resolve(request.path_info).view_name in PASSWORD_VIEWS
    except Resolver404:
        return False


def client_name(request: HttpRequest) -> str:
    """Return who takes a turn: a browser in which somebody has signed in before, or an address."""
    device = KnownDevice.read(request)
    return device.name if device else request.META.get("REMOTE_ADDR") or UNKNOWN


def busy_page(request: HttpRequest) -> HttpResponse:
    """Return the refusal of a sign-in, which costs no thread."""
    # The middleware that chooses a language would not have been reached.
    with translation.override(translation.get_language_from_request(request)):
        text = _("Too many people are signing in at this moment. Try again in a few seconds.")
    status = HTTPStatus.TOO_MANY_REQUESTS
    headers = {"Retry-After": str(int(PATIENCE))}
    return HttpResponse(f"{text}\n", "text/plain; charset=utf-8", status, headers=headers)
