"""A real Chromium, and what calls it hears."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from django.conf import settings
from playwright.async_api import Browser, Page, async_playwright

from tests.browser import hearing
from tests.servers import Server

CHROMIUM = os.environ.get("BROWSER_PATH", "")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM and item.path.name != "test_firefox.py":
                item.add_marker(pytest.mark.skip(reason="NO CHROMIUM: set BROWSER_PATH"))


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium that may play without a gesture, and is not muted."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, AUTOPLAY],
            ignore_default_args=["--mute-audio"],
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that is recorded, and whose errors fail the test."""
    context = await browser.new_context()
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if "Content Security" in message.text else None,
    )
    await hearing.attach(page)
    yield page
    await context.close()
    assert errors == []


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
