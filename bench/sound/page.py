"""A tab of a real browser, Chromium or Firefox, in which a supervisor listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import websockets

from bench.sound.ear import Ear
from tests.support import firefox
from tests.support.bidi import HEIGHT, WIDTH, Page

OBSERVER = Path(__file__).with_name("observer.js")
STARTS_WITHIN = 60.0  # seconds
BROWSERS = ("chromium", "firefox")
#: Whole Chromium without a window hides a tab behind another one; its headless shell does not.
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
ARGUMENTS = (
    "--headless=new",
    f"--window-size={WIDTH},{HEIGHT}",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-gpu",
)


class NoBrowser(Exception):
    """The browser is not installed."""


@contextlib.asynccontextmanager
async def opened(browser: str, directory: Path, ear: Ear) -> AsyncIterator[Page]:
    """Start a browser that plays on the ear's device, and yield its page, which is observed."""
    async with (
        chromium(directory, ear.env) if browser == "chromium" else _firefox(directory, ear) as page
    ):
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
async def chromium(directory: Path, env: Mapping[str, str]) -> AsyncIterator[Page]:
    """Start Chromium with more environment variables, and yield its page. Raises NoBrowser."""
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not program or not shutil.which(DRIVER):
        raise NoBrowser("no Chromium with ChromeDriver here (Debian: chromium, chromium-driver)")
    home = directory / "chromium"
    home.mkdir()
    driver = await asyncio.create_subprocess_exec(
        DRIVER,
        "--port=0",
        env={**os.environ, **env, "HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # the browser ends with it
    )
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            port = await _port(driver)
        url = f"ws://127.0.0.1:{port}/session"
        async with websockets.connect(url, max_size=None) as connection:
            page = Page(connection)
            arguments = [*ARGUMENTS, f"--user-data-dir={home}"]
            options = {"binary": program, "args": arguments, "excludeSwitches": ["mute-audio"]}
            await page.start({"goog:chromeOptions": options})
            yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
        await driver.wait()


async def _port(driver: asyncio.subprocess.Process) -> int:
    """Return the port on which ChromeDriver says that it listens; it says nothing after that."""
    assert driver.stdout
    while line := await driver.stdout.readline():
        if found := re.search(rb"started successfully on port (\d+)", line):
            return int(found[1])
    raise AssertionError("ChromeDriver ended before it listened")
