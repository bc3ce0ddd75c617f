"""Page: one tab of a real browser, Chromium or Firefox, in which a supervisor listens."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Page as PlaywrightPage
from playwright.async_api import async_playwright

from bench.sound.ear import Ear
from tests.support import firefox

OBSERVER = Path(__file__).with_name("observer.js")
PLAYS_WITHIN = 30.0  # seconds
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BROWSERS = ("chromium", "firefox")


class NoBrowser(Exception):
    """The browser is not installed."""


class Page(Protocol):
    """What both browsers do. ``evaluate`` returns a string, a number, a boolean or None."""

    async def run_first(self, script: str) -> None: ...

    async def add_cookie(self, name: str, value: str, host: str) -> None: ...

    async def goto(self, url: str) -> None: ...

    async def evaluate(self, expression: str) -> Any: ...

    async def click(self, selector: str) -> None: ...

    async def wait_for(self, expression: str, wanted: Any, within: float = ...) -> None: ...

    async def cover(self) -> None:
        """Open another tab in front of this one."""

    async def uncover(self) -> None:
        """Close that tab again."""


class ChromiumPage:
    """One tab of Chromium."""

    def __init__(self, page: PlaywrightPage) -> None:
        self._page = page
        self._cover: PlaywrightPage | None = None

    async def run_first(self, script: str) -> None:
        await self._page.add_init_script(f"(() => {{ {script} }})()")

    async def add_cookie(self, name: str, value: str, host: str) -> None:
        await self._page.context.add_cookies(
            [{"name": name, "value": value, "domain": host, "path": "/"}]
        )

    async def goto(self, url: str) -> None:
        await self._page.goto(url)

    async def evaluate(self, expression: str) -> Any:
        return await self._page.evaluate(expression)

    async def click(self, selector: str) -> None:
        await self._page.locator(selector).first.click()

    async def wait_for(self, expression: str, wanted: Any, within: float = PLAYS_WITHIN) -> None:
        until = time.monotonic() + within
        while (seen := await self.evaluate(expression)) != wanted:
            if time.monotonic() > until:
                raise TimeoutError(f"{expression} is {seen!r}, not {wanted!r}")
            await self._page.wait_for_timeout(50)

    async def cover(self) -> None:
        self._cover = await self._page.context.new_page()
        await self._cover.bring_to_front()

    async def uncover(self) -> None:
        if self._cover:
            await self._cover.close()
        await self._page.bring_to_front()


@contextlib.asynccontextmanager
async def opened(browser: str, directory: Path, ear: Ear) -> AsyncIterator[Page]:
    """Start a browser that plays on the ear's device, and yield its page, which is observed."""
    async with _chromium(ear) if browser == "chromium" else _firefox(directory, ear) as page:
        await page.run_first(OBSERVER.read_text())
        yield page


@contextlib.asynccontextmanager
async def _firefox(directory: Path, ear: Ear) -> AsyncIterator[Page]:
    if not firefox.PROGRAM:
        raise NoBrowser("no Firefox here")
    profile = directory / "firefox"
    profile.mkdir()
    async with firefox.firefox(profile, str(ear.socket)) as page:
        yield page


@contextlib.asynccontextmanager
async def _chromium(ear: Ear) -> AsyncIterator[Page]:
    program = _chromium_program()
    if not program:
        raise NoBrowser("no Chromium here: set BROWSER_PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
            ignore_default_args=["--mute-audio"],
            env={**os.environ, **ear.env},
        )
        context = await browser.new_context(locale="en-US")
        yield ChromiumPage(await context.new_page())
        await browser.close()


def _chromium_program() -> str | None:
    """Return the path of the Chromium that tests would use, or None."""
    found = (shutil.which(name) for name in CHROMIUMS)
    return os.environ.get("BROWSER_PATH") or next(filter(None, found), None)
