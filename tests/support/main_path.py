"""All that a server is asked to do in a day, with secrets that a test knows: a call and its words,
a listener, orders, the admin, and what goes wrong with each of them."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from yarl import URL

from monitor.models import Tap
from monitor.services import event_urls, tap_urls
from monitor.sim.swml import ai_of, hook_of
from tests.support.accounts import account
from tests.support.agents import raw_data, signature, without_login
from tests.support.refusing import refusing_rows
from tests.support.rest import TOKEN, FakeRest
from tests.support.servers import Server
from tests.support.talk import message_of, payload
from tests.support.waiting import until
from tests.support.words import events, summary

NUMBER, CALLER = "+12025550177", "Quartermaine"
CALLED = "call-of-the-main-path"
REASON, ASKED, SAID, TOLD = "marmalade", "zanzibar", "persimmon", "kaleidoscope"
WHY = "tarpaulin"
SUPERVISOR, PASSWORD, WRONG = "wilhelmina", "pw-of-wilhelmina", "pw-that-is-wrong"
OWN_LOGIN, OWN_KEY = "own-login-secret", "own-key-secret"
BROKEN_PATHS = ("/tap/{}", "/TAP/{}/status", "//tap/{}/status/", "/tap/{}/state", "/x?t={}")
TEXTS = {"Content-Type": "application/json"}

#: What is kept in settings, and comes with no request.
KEYS = {TOKEN, settings.SIGNALWIRE_SIGNING_KEY, settings.SIGNALWIRE_SWAIG_SECRET}


class MainPath:
    """Walks the main path of one server, and keeps every secret that it sent or was given."""

    def __init__(self, server: Server, rest: FakeRest) -> None:
        self._server = server
        self._rest = rest
        self.secrets = {NUMBER[2:], CALLER, REASON, ASKED, SAID, TOLD, WHY}
        self.secrets |= {SUPERVISOR, PASSWORD, WRONG}

    async def walk(self) -> None:
        """Do it all, one thing after the other."""
        await database_sync_to_async(_supervisor)()
        async with _browser() as agent, _browser() as page:
            self._agent, self._page = agent, page
            await self._sign_in()
            tap, uri = await self._monitored(agent)
            async with self._server.tap(uri) as sender:
                await sender.send(json.dumps({"content-type": "audio/mulaw;rate=8000"}))
                await self._listen(tap, sender)
                await self._words()
                await self._orders(tap)
                await self._history(tap)
            await self._refused(tap, uri)
            await self._broken(tap)
            await self._stop(tap)

    async def _sign_in(self) -> None:
        for name, password in ((SUPERVISOR, WRONG), (WRONG, PASSWORD), (SUPERVISOR, PASSWORD)):
            await self._submit("/login", username=name, password=password)
        cookies = [one for one in self._page.cookie_jar if one.key == settings.SESSION_COOKIE_NAME]
        self._cookie = f"{cookies[0].key}={cookies[0].value}"
        self.secrets |= {one.value for one in self._page.cookie_jar if one.key != "language"}

    async def _monitored(self, agent: aiohttp.ClientSession) -> tuple[Tap, str]:
        """Have the call answered, and its agent start a tap; return that and its URI."""
        call = {"call_id": CALLED, "from": NUMBER}
        swml = await self._post(f"{self._server.url}/agents/receptionist", {"call": call})
        ai, self._swml = ai_of(swml), swml
        self._urls = [ai["params"]["debug_webhook_url"], ai["post_prompt_url"]]
        self.secrets |= {urlsplit(one).path.split("/")[2] for one in self._urls}
        answer = await self._use("start_monitoring", {"reason": REASON})
        verb = answer["action"][0]["SWML"]["sections"]["main"][0]["tap"]
        self._status_url = verb["status_url"]
        for url in (verb["uri"], verb["status_url"]):
            self.secrets.add(urlsplit(url).path.split("/")[2].partition(".")[2])
        tap = await Tap.objects.select_related("call").aget(control_id=verb["control_id"])
        await self._tell_state(tap, "tapping")
        return tap, verb["uri"]

    async def _use(self, tool: str, arguments: dict[str, Any], **fields: Any) -> Any:
        caller = {"call_id": CALLED, "caller_id_num": NUMBER, "caller_id_name": CALLER}
        argument = {"parsed": [arguments], "raw": json.dumps(arguments)}
        body = raw_data(function=tool, argument=argument, **(caller | fields))
        hook = without_login(hook_of(self._swml, tool))
        self.secrets.add(hook.partition("__token=")[2])
        return await self._post(hook, body)

    async def _tell_state(self, tap: Tap, state: str) -> None:
        params = {"call_id": CALLED, "control_id": tap.control_id, "state": state}
        await self._post(self._status_url, {"event_type": "calling.call.tap", "params": params})

    async def _listen(self, tap: Tap, sender: websockets.ClientConnection) -> None:
        """Say why, listen and watch, rewind, and send messages that make no sense."""
        await self._submit(f"/calls/{tap.call_id}/reason", at="/", reason=WHY)
        console = self._server.with_cookie("/console", self._cookie)
        async with self._listening(tap) as ear, console as watcher:
            await message_of(ear, "hello")
            for number in range(50):
                await sender.send(payload(number))
            await ear.send(json.dumps({"type": "backfill", "seconds": 1}))
            for socket in (ear, watcher):
                await socket.send(json.dumps({"type": SAID, "position": TOLD}))
                await message_of(socket, "error")

    def _listening(self, tap: Tap, cookie: str = "") -> websockets.connect:
        return self._server.with_cookie(f"/listen/{tap.pk}", cookie or self._cookie)

    async def _words(self) -> None:
        """Tell what is said, to Earshot and to the agent's own URL, which fails."""
        heard = events(CALLED, speech_detect={"text": f"{SAID} {NUMBER}", "source": "final"})
        told = events(CALLED, conversation_add={"role": "assistant", "content": TOLD})
        failed = events(CALLED, webhook_fail={"error": TOLD, "request_url": f"http://x/?n={SAID}"})
        own = f"http://u:{OWN_LOGIN}@127.0.0.1:9/hook?key={OWN_KEY}"
        sealed = event_urls.make("events", "receptionist", own)
        urls = [self._urls[0], f"{self._server.url}/calls/{sealed}/events"]
        self.secrets |= {sealed}
        for url in urls:
            for body in (heard, told, failed, [SAID], {"call_info": {"call_id": [NUMBER]}}):
                await self._post(url, body)
        await self._use("ask_for_help", {"reason": ASKED})
        await self._post(self._urls[1], self._record())

    def _record(self) -> dict[str, Any]:
        log = [{"role": "user", "content": SAID}, {"role": "assistant", "content": TOLD}]
        caller = {"caller_id_name": CALLER, "caller_id_number": NUMBER}
        return summary(CALLED, call_log=log, **caller)

    async def _orders(self, tap: Tap) -> None:
        """Ask SignalWire to start and stop taps; it answers with an error that repeats all."""
        self._rest.status = 422
        self._rest.body = json.dumps({"errors": [{"code": NUMBER, "message": f"{SAID} {TOKEN}"}]})
        await self._tell_state(tap, "finished")
        await self._submit(f"/calls/{tap.call_id}/start", at="/")
        await until(lambda: self._rest.requests)
        await self._submit(f"/calls/{tap.call_id}/stop", at="/")

    async def _history(self, tap: Tap) -> None:
        """Read the pages, search by number and by words, and export."""
        calls = "/admin/monitor/call/"
        for path in (
            f"/calls/{tap.call_id}",
            f"/calls/{tap.call_id}/words",
            f"/taps/{tap.pk}",
            f"{calls}?q={quote(NUMBER)}",
            f"{calls}?said={SAID}",
            f"{calls}export.csv?q={SAID}",
            f"{calls}?{SAID}={NUMBER}&e=1",
            f"/admin/monitor/tap/{tap.pk}/change/",
        ):
            async with self._page.get(self._server.url + path) as response:
                await response.read()

    async def _refused(self, tap: Tap, uri: str) -> None:
        """Do what is refused: dead tokens, wrong paths, signatures, logins, sockets and bodies."""
        token = tap_urls.make("status", tap.pk)
        for path in BROKEN_PATHS:
            await self._post(self._server.url + path.format(token), {"said": SAID}, sign="0" * 40)
        for url in (self._status_url, *self._urls):
            await self._post(url, {"said": SAID}, sign="0" * 40, login=WRONG)
            await self._post(url, f"{SAID} {NUMBER}".encode())
        await self._post(self._status_url, SAID.encode() * 10_000)  # more than it takes
        for connecting in (
            self._server.tap(uri),
            self._listening(tap, f"{settings.SESSION_COOKIE_NAME}={WRONG}"),
            self._server.with_cookie(
                f"/listen/{tap.pk}?said={SAID}", self._cookie, origin="https://elsewhere.example"
            ),
        ):
            with contextlib.suppress(websockets.InvalidStatus, websockets.ConnectionClosed):
                async with connecting as socket:
                    await socket.recv()

    async def _broken(self, tap: Tap) -> None:
        """Do what the database refuses, so that errors of ours are logged with tracebacks."""
        tables = ("callevent", "call", "ledgerentry", "tap", "listenreason")
        async with _in_thread(lambda: refusing_rows(*[f"monitor_{one}" for one in tables])):
            await self._submit(f"/calls/{tap.call_id}/reason", at="/", reason=WHY)
            await self._post(self._urls[0], events(CALLED, speech_detect={"text": SAID * 2}))
            await self._use("start_monitoring", {"reason": ASKED}, call_id="another")
            await self._use("start_monitoring", {"reason": ASKED})
            await self._submit(f"/calls/{tap.call_id}/stop", at="/")
            async with self._listening(tap) as socket:
                await socket.wait_closed()

    async def _stop(self, tap: Tap) -> None:
        await self._use("stop_monitoring", {})
        await self._submit("/logout", at="/")

    async def _submit(self, path: str, *, at: str = "", **fields: str) -> None:
        """Fill in the form of a page, which is at another path if one is given."""
        async with self._page.get(self._server.url + (at or path)) as response:
            found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', await response.text())
        assert found
        form = {"csrfmiddlewaretoken": found[1], **fields}
        sent = {"Origin": self._server.url}
        url = self._server.url + path
        async with self._page.post(url, data=form, headers=sent, allow_redirects=False):
            pass

    async def _post(self, url: str, body: Any, *, sign: str = "", login: str = "") -> Any:
        """Post as SignalWire does; return what is answered, if it is JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = without_login(url)
        known = account(self._server)
        basic = base64.b64encode(f"{known.user}:{login or known.password}".encode()).decode()
        self.secrets.add(basic)
        address = URL(url, encoded=True)  # not rewritten: the signature covers every byte
        sent = TEXTS | {"X-SignalWire-Signature": sign or signature(url, raw)}
        sent["Authorization"] = f"Basic {basic}"
        async with self._agent.post(address, data=raw, headers=sent) as response:
            text = await response.text()
        with contextlib.suppress(ValueError):
            return json.loads(text)
        return None


def found_in(log: str, secrets: Iterable[str]) -> set[str]:
    """Return which secrets a log has, in any case."""
    lowered = log.lower()
    return {one for one in secrets if one.lower() in lowered}


def lines_with(log: str, secrets: Iterable[str]) -> list[str]:
    """Return the lines of a log that have secrets."""
    return [line for line in log.splitlines() if found_in(line, secrets)]


def _browser() -> aiohttp.ClientSession:
    """Return a client that keeps the cookies of an address, too."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


def _supervisor() -> None:
    User.objects.create_superuser(SUPERVISOR, password=PASSWORD)


@contextlib.asynccontextmanager
async def _in_thread(enter: Callable[[], AbstractContextManager[Any]]) -> AsyncIterator[None]:
    """Enter and leave a context manager that uses the database in the database's thread."""
    manager = enter()
    await database_sync_to_async(manager.__enter__)()
    try:
        yield
    finally:
        await database_sync_to_async(manager.__exit__)(None, None, None)
