"""One tab of a real browser, driven over WebDriver BiDi.

Firefox speaks it without a driver of its own, Chromium through ChromeDriver.
https://w3c.github.io/webdriver-bidi/
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import websockets

PATIENCE = 40.0  # seconds: on a busy machine a browser takes long to open a device
#: Of the browser's window, in CSS pixels: the rows of six calls and six decks have room in it.
WIDTH, HEIGHT = 1600, 1200


class Page:
    """One tab. A tab behind another one is hidden, as on a person's screen."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._context = ""
        self._cover = ""

    async def start(self, options: dict[str, Any] | None = None) -> None:
        """Begin a session, with options of the browser's own, and take its first tab."""
        await self._command("session.new", capabilities={"alwaysMatch": options or {}})
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
        try:
            async with asyncio.timeout(PATIENCE):
                while not (nodes := await self._matching(selector)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"no {selector} within {PATIENCE:.0f} s") from None
        return {"sharedId": nodes[0]["sharedId"]}

    async def _matching(self, selector: str) -> list[dict[str, Any]]:
        """Return the first element that matches a CSS selector, if there is one."""
        answer = await self._command(
            "browsingContext.locateNodes",
            context=self._context,
            locator={"type": "css", "value": selector},
            maxNodeCount=1,
        )
        nodes: list[dict[str, Any]] = answer["nodes"]
        return nodes

    async def _perform(self, source: dict[str, Any]) -> None:
        await self._command("input.performActions", context=self._context, actions=[source])

    async def _command(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        command = {"id": number, "method": method, "params": parameters}
        await self._connection.send(json.dumps(command))
        try:
            async with asyncio.timeout(PATIENCE):
                while (answer := json.loads(await self._connection.recv())).get("id") != number:
                    pass
        except TimeoutError:
            raise TimeoutError(f"no answer to {method} within {PATIENCE:.0f} s") from None
        assert answer["type"] == "success", answer
        return answer["result"]
