"""A real Firefox."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import websockets

from tests.support.bidi import HEIGHT, WIDTH, Page

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
STARTS_WITHIN = 60.0  # seconds
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


@contextlib.asynccontextmanager
async def firefox(directory: Path, sound_server: str) -> AsyncIterator[Page]:
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
        f"--width={WIDTH}",
        f"--height={HEIGHT}",
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
            page = Page(connection)
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
