"""A supervisor in a real Firefox."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from django.contrib.auth.models import User

from tests.support import firefox
from tests.support.bidi import Page
from tests.support.browsing import Simulate
from tests.support.servers import Server

LIGHT = "document.querySelector('.deck')?.dataset.audio"
WORDS = "document.querySelector('.deck [data-part=words]').textContent"
LIVE = "document.querySelector('.deck .transport').dataset.live"
DETAIL = "document.querySelector('.deck [data-part=detail]').textContent"
PULSEAUDIO = shutil.which("pulseaudio")

#: Every state that the deck shows, in order.
KEEP_STATES = """
window.states = [];
addEventListener("DOMContentLoaded", () => {
  const keep = (records) => records.forEach(({target}) => {
    if (target.matches(".deck")) window.states.push(target.dataset.audio);
  });
  new MutationObserver(keep)
    .observe(document.body, {subtree: true, attributeFilter: ["data-audio"]});
});
"""

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.skipif(not firefox.PROGRAM, reason="NO FIREFOX"),
]


@pytest_asyncio.fixture(loop_scope="session")
async def sound_server(tmp_path: Path) -> AsyncIterator[str]:
    """The socket of a PulseAudio with one device, which plays to nobody in real time."""
    if not PULSEAUDIO:
        pytest.skip("NO PULSEAUDIO")
    socket = tmp_path / "sound"
    process = await asyncio.create_subprocess_exec(
        PULSEAUDIO,
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--use-pid-file=no",
        "--load=module-null-sink",
        f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
        env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(10):
        while not socket.exists():
            await asyncio.sleep(0.02)
    yield str(socket)
    process.terminate()
    await process.wait()


async def sign_in(page: Page, server: Server) -> None:
    await page.goto(server.url + "/")
    await page.write("[name=username]", "alice")
    await page.write("[name=password]", "alice's password")
    await page.click("form [type=submit]")
    await page.wait_for("document.querySelector('#console')?.dataset.state", "live")


async def test_listening_again_at_once_after_a_stop_plays(
    tmp_path: Path, sound_server: str, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    simulate("--tone", "440", "--seconds", "60")
    (tmp_path / "profile").mkdir()
    async with firefox.firefox(tmp_path / "profile", sound_server) as page:
        await page.run_first(KEEP_STATES)
        await sign_in(page, agents_server)
        for pause in (None, 0.06, 0.1, 0.15, 0.2):
            if pause is not None:
                await page.click(".deck [data-action=deck-stop]")
                await asyncio.sleep(pause)
            await page.click("[data-call][data-state=tapping] [data-action=listen]")
            await page.wait_for(LIGHT, "playing")
        states = await page.evaluate("window.states.join()")
        assert "blocked" not in states


async def test_a_supervisor_goes_back_and_catches_up(
    tmp_path: Path, sound_server: str, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    simulate("--tone", "440", "--seconds", "120")
    (tmp_path / "profile").mkdir()
    async with firefox.firefox(tmp_path / "profile", sound_server) as page:
        await sign_in(page, agents_server)
        await page.click("[data-call][data-state=tapping] [data-action=listen]")
        await page.wait_for(LIGHT, "playing")
        await asyncio.sleep(3)
        await page.click(".deck [data-part=back-10]")
        await page.wait_for(LIGHT, "behind")
        await page.wait_for(LIVE, "false")  # only then does a deck on the shelf have speeds
        await page.click(".deck [data-speed='2']")
        # 10 s are caught up in 10 s, and on a busy machine in more.
        await page.wait_for(LIGHT, "playing", within=60)


async def test_a_computer_without_a_sound_device_is_told_so(
    tmp_path: Path, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    simulate("--tone", "440", "--seconds", "60")
    async with firefox.firefox(tmp_path, "/nowhere") as page:
        await page.run_first(KEEP_STATES)
        await sign_in(page, agents_server)
        await page.click("[data-call][data-state=tapping] [data-action=listen]")
        await page.wait_for(LIGHT, "failed")
        assert "No sound device" in await page.evaluate(DETAIL)
        assert "blocked" not in await page.evaluate("window.states.join()")
