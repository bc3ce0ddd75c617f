"""A real Chromium, and the calls that it hears."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from django.conf import settings
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    async_playwright,
)

from tests.support import hearing
from tests.support.browsers import CHROMIUM, FLAGS
from tests.support.servers import Server

AUTOPLAY = "--autoplay-policy=no-user-gesture-required"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this directory on one event loop, which is the loop of their browser."""
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            if not CHROMIUM and item.path.name != "test_firefox.py":
                item.add_marker(pytest.mark.skip(reason="NO CHROMIUM: set BROWSER_PATH"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def context(playwright: Playwright) -> AsyncIterator[BrowserContext]:
    """Chromium that may play without a gesture, and is not muted.

    There is one for the run: it takes 3 s of the processor to start, and its cache spares each
    page the 90 requests for scripts that have not changed.
    """
    chromium = await playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*FLAGS, AUTOPLAY],
        ignore_default_args=["--mute-audio"],
    )
    yield await chromium.new_context(locale="en-US")
    await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that is recorded, and whose errors fail the test. What it keeps goes with it."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.extend(refused_by_policy(message)))
    await hearing.attach(page)
    yield page
    await forget(page)
    for opened in context.pages:
        await opened.close()
    assert errors == []


def refused_by_policy(message: ConsoleMessage) -> list[str]:
    """Return what the page's security policy has refused, unless axe-core asked for it."""
    is_axe = message.location["url"].endswith("/axe.js")  # it tries a style of its own on forms
    return [message.text] if "Content Security" in message.text and not is_axe else []


async def forget(page: Page) -> None:
    """Clear the cookies, and what the page's origin has stored in the browser."""
    await page.context.clear_cookies()
    origin = await page.evaluate("location.origin")
    session = await page.context.new_cdp_session(page)
    stored = {"origin": origin, "storageTypes": "local_storage"}
    await session.send("Storage.clearDataForOrigin", stored)


@pytest.fixture
def simulate(agents_server: Server) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the simulator against the server; ends it with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "simulate", "--url", agents_server.url, *arguments]
        child = subprocess.Popen(command, cwd=settings.BASE_DIR)
        started.append(child)
        return child

    yield start
    for child in started:
        child.terminate()
        child.wait(10)


@pytest.fixture
def ffmpeg() -> Iterator[Callable[..., None]]:
    """Starts ffmpeg sending a source over RTP, in real time; ends it with the test."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("no ffmpeg here")
    started: list[subprocess.Popen[bytes]] = []

    def start(source: str, uri: str, codec: str = "pcm_mulaw") -> None:
        made = ("-v", "error", "-re", "-f", "lavfi", "-i", source)
        sent = ("-ar", "8000", "-ac", "1", "-c:a", codec, "-f", "rtp", uri)
        command = [program, *made, *sent]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        started.append(child)

    yield start
    for child in started:
        child.terminate()
        child.wait(10)
