"""A real Firefox, driven over WebDriver BiDi, which it speaks without a driver of its own.

https://w3c.github.io/webdriver-bidi/
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import websockets

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
STARTS_WITHIN = 60.0  # seconds
PATIENCE = 40.0  # seconds: on a busy machine Firefox takes long to open a device
#: No updates, no first-run pages, no look-ups at Mozilla.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,none",
    "signon.rememberSignons": False,
    "toolkit.telemetry.enabled": False,
}


class FirefoxPage:
    """One tab of a Firefox."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._context = ""
        self._cover = ""

    async def start(self) -> None:
        await self._command("session.new", capabilities={})
        tree = await self._command("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def add_cookie(self, name: str, value: str, host: str) -> None:
        cookie = {"name": name, "value": {"type": "string", "value": value}, "domain": host}
        await self._command("storage.setCookie", cookie=cookie)

    async def cover(self) -> None:
        """Open another tab in front of this one, which is hidden then."""
        opened = await self._command("browsingContext.create", type="tab")
        self._cover = opened["context"]
        await self._command("browsingContext.activate", context=self._cover)

    async def uncover(self) -> None:
        """Close the tab that was opened in front, and show this one again."""
        await self._command("browsingContext.close", context=self._cover)
        await self._command("browsingContext.activate", context=self._context)

    async def run_first(self, script: str) -> None:
        """Run a script before those of each page that is opened from now on."""
        declaration = f"() => {{ {script} }}"
        await self._command("script.addPreloadScript", functionDeclaration=declaration)

    async def goto(self, url: str) -> None:
        await self._command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def evaluate(self, expression: str) -> Any:
        """Return an expression's value, which is a string, a number, a boolean or null."""
        answer = await self._command(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def click(self, selector: str) -> None:
        """Click as a person does, so that the page may play sound."""
        node = await self._found(selector)
        move = {
            "type": "pointerMove",
            "x": 0,
            "y": 0,
            "origin": {"type": "element", "element": node},
        }
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        await self._perform({"type": "pointer", "id": "mouse", "actions": [move, *press]})

    async def write(self, selector: str, text: str) -> None:
        await self.click(selector)
        keys = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        await self._perform({"type": "key", "id": "keyboard", "actions": keys})

    async def wait_for(self, expression: str, wanted: Any, within: float = PATIENCE) -> None:
        """Wait until an expression has the wanted value."""
        seen: Any = None
        try:
            async with asyncio.timeout(within):
                while (seen := await self.evaluate(expression)) != wanted:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{expression} is {seen!r}, not {wanted!r}") from None

    async def _found(self, selector: str) -> dict[str, str]:
        """Wait for the first element that matches a CSS selector, and return it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._command(
                    "browsingContext.locateNodes",
                    context=self._context,
                    locator={"type": "css", "value": selector},
                    maxNodeCount=1,
                )
                if answer["nodes"]:
                    return {"sharedId": answer["nodes"][0]["sharedId"]}
                await asyncio.sleep(0.05)

    async def _perform(self, source: dict[str, Any]) -> None:
        await self._command("input.performActions", context=self._context, actions=[source])

    async def _command(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        command = {"id": number, "method": method, "params": parameters}
        await self._connection.send(json.dumps(command))
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = json.loads(await self._connection.recv())
                if answer.get("id") == number:
                    assert answer["type"] == "success", answer
                    return answer["result"]


@contextlib.asynccontextmanager
async def firefox(directory: Path, sound_server: str) -> AsyncIterator[FirefoxPage]:
    """Firefox with a profile of its own, which plays through a PulseAudio server's socket."""
    assert PROGRAM
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in PREFERENCES.items()
    ]
    (directory / "user.js").write_text("".join(lines))
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "--headless",
        "--no-remote",
        "--profile",
        str(directory),
        "--remote-debugging-port",
        "0",
        "about:blank",
        env={**os.environ, "HOME": str(directory), "PULSE_SERVER": f"unix:{sound_server}"},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # its content processes end with it
    )
    assert process.stderr
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            address = await _address(process.stderr)
        drained = asyncio.create_task(_drain(process.stderr))
        async with websockets.connect(f"{address}/session", max_size=None) as connection:
            page = FirefoxPage(connection)
            await page.start()
            yield page
        drained.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _address(output: asyncio.StreamReader) -> str:
    """Return the address at which Firefox says that it listens."""
    while line := await output.readline():
        if found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1].decode()
    raise AssertionError("Firefox ended before it listened")


async def _drain(output: asyncio.StreamReader) -> None:
    """Keep reading the output, because Firefox would block on a full pipe."""
    while await output.readline():
        pass
