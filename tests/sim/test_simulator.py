"""The simulator against a real server: calls that work, and calls that fail well."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from monitor.audio.condition import Kind
from monitor.models import Call, CallEvent, CallMark, CallPause, Tap, TapEvent, TapState
from monitor.services import conversation
from monitor.services.taps import open_tap
from monitor.sim import voice
from monitor.sim.call import Script, make_caller
from monitor.sim.ear import Frame, SignInFailed, Supervisor
from monitor.sim.fleet import Fleet, Plan
from monitor.sim.platform import Account, shown
from monitor.sim.swml import CallFailed, checked_verbs, hook_of
from tests.support.accounts import account
from tests.support.servers import RtpTaps, Server
from tests.support.taps import packet_figures

SECONDS = 0.2


def make(account: Account, script: Script | None = None, **plan: float) -> tuple[Fleet, list[str]]:
    said: list[str] = []
    wanted = Plan(int(plan.pop("calls", 1)), plan.pop("seconds", SECONDS), int(plan.pop("seed", 1)))
    return Fleet(account, script or Script(), wanted, said.append), said


async def ended_taps() -> list[Tap]:
    """The taps, once the server has written down that their media is closed."""
    async with asyncio.timeout(10):
        while await Tap.objects.filter(media_closed_at=None).aexists():
            await asyncio.sleep(0.01)
    return [tap async for tap in Tap.objects.all()]


async def test_every_way_a_call_goes_leaves_a_finished_tap(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), calls=4)
    await fleet.once()
    assert fleet.failed == 0, said
    taps = await ended_taps()
    assert [tap.state for tap in taps] == [TapState.FINISHED] * 4
    assert {tap.frames for tap in taps} == {10}  # 0.2 s of 20 ms
    assert {tap.bytes for tap in taps} == {1600}
    assert {tap.gaps for tap in taps} == {0}
    assert await TapEvent.objects.filter(reason="asked to stop").acount() == 2
    assert await Call.objects.filter(agent="receptionist", project_id="project-1").acount() == 4


async def test_a_codec_that_was_not_asked_for_is_announced(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), Script(direction="listen", codec="PCMA"))
    await fleet.once()
    assert fleet.failed == 0, said
    tap = await Tap.objects.aget()
    assert (tap.direction, tap.codec) == ("listen", "PCMA")
    assert tap.content_type == "audio/alaw;rate=8000"


async def test_the_two_sides_of_a_call_are_tapped_apart(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), Script(direction="apart"), calls=2)
    await fleet.once()
    assert fleet.failed == 0, said
    calls = [call async for call in Call.objects.prefetch_related("taps")]
    assert len(calls) == 2
    for call in calls:
        legs = {tap.direction: (tap.state, tap.gaps) for tap in call.taps.all()}
        assert legs == {"speak": ("finished", 0), "listen": ("finished", 0)}


async def test_of_calls_without_a_tap_only_the_words_are_told(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), Script(untapped=2), calls=2)
    await fleet.once()
    assert fleet.failed == 0, said
    calls = [call async for call in Call.objects.prefetch_related("taps").order_by("pk")]
    assert sorted(len(call.taps.all()) for call in calls) == [0, 1]
    assert [call.ended_at is None for call in calls] == [False, False]


async def test_where_one_side_is_refused_the_other_is_tapped(
    agents_server: Server, rtp_taps: RtpTaps
) -> None:
    for number in range(len(settings.RTP_PORTS) - 1):
        await database_sync_to_async(open_tap)(f"call-{number}", transport="rtp")
    script = Script(direction="apart", transport="rtp")
    fleet, said = make(account(agents_server), script, seconds=1)
    await fleet.once()
    assert fleet.failed == 0, said
    [tap] = [tap async for tap in Tap.objects.filter(call__agent="receptionist")]
    assert (tap.direction, tap.state) == ("speak", TapState.FINISHED)
    assert (await _with_packets(tap)).frames > 0


async def test_calls_over_rtp_leave_the_same_history(
    agents_server: Server, rtp_taps: RtpTaps
) -> None:
    fleet, said = make(account(agents_server), Script(transport="rtp"), calls=2, seconds=2)
    await fleet.once()
    assert fleet.failed == 0, said
    taps = [await _with_packets(tap) for tap in await ended_taps()]
    assert [tap.transport for tap in taps] == ["rtp"] * 2
    assert [tap.state for tap in taps] == [TapState.FINISHED] * 2
    assert {tap.gaps for tap in taps} == {0}
    for tap in taps:
        # The port is bound half a second after the tap was asked for at the latest.
        assert packet_figures(tap)["received"] == tap.frames >= 70
        assert packet_figures(tap)["lost"] == 0


async def _with_packets(tap: Tap) -> Tap:
    async with asyncio.timeout(15):
        while not tap.media_closed_at:
            await asyncio.sleep(0.05)
            await tap.arefresh_from_db()
    return tap


async def test_an_agent_asks_for_help(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), Script(troubles=(Kind.HELP, None)), calls=2)
    await fleet.once()
    assert fleet.failed == 0, said
    mark = await CallMark.objects.select_related("call").aget()
    assert (mark.kind, mark.note) == ("help", "simulated trouble")
    assert mark.ended_at is not None  # the call is over


async def test_tools_and_models_that_fail_are_told_of(agents_server: Server) -> None:
    script = Script(troubles=(Kind.TOOL_FAILS, Kind.LLM_ERROR), speed=8.0, untapped=1)
    fleet, said = make(account(agents_server), script, calls=2, seconds=1)
    await fleet.once()
    assert fleet.failed == 0, said
    told = [event.kind async for event in CallEvent.objects.all()]
    assert (told.count("webhook_fail"), told.count("llm_error")) == (2, 1)


async def test_hanging_up_ends_calls_early_and_properly(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), calls=2, seconds=3600)
    running = asyncio.create_task(fleet.keep())
    async with asyncio.timeout(10):
        while not [line for line in said if line.endswith("tapping")]:
            await asyncio.sleep(0.01)
    fleet.hang_up.set()
    await running
    assert fleet.failed == 0, said
    assert {tap.state for tap in await ended_taps()} == {TapState.FINISHED}


def test_a_signal_hangs_up_and_is_no_failure(agents_server: Server) -> None:
    with subprocess.Popen(
        [sys.executable, "manage.py", "simulate", "--keep", "--seconds", "3600"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PUBLIC_URL": agents_server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as simulate:
        assert simulate.stdout
        said = []
        for line in simulate.stdout:
            said.append(line)
            if line.endswith(": tapping\n"):
                simulate.send_signal(signal.SIGTERM)
    assert simulate.returncode == 0
    assert said[-2] == "hanging up\n"
    assert said[-1].endswith(": finished\n")


async def test_an_ear_hears_the_tone_of_a_call(agents_server: Server, alice: User) -> None:
    fleet, said = make(account(agents_server), Script(tone=440), seconds=3600)
    supervisor = await Supervisor.sign_in(agents_server.url, "alice", "alice's password")
    running = asyncio.create_task(fleet.once())
    pcm = bytearray()
    async with supervisor.console() as console:
        async for message in console:
            calls = message["calls"] if message["type"] == "snapshot" else [message.get("call")]
            legs = [leg for call in calls if isinstance(call, dict) for leg in call["legs"]]
            carrying = [leg for leg in legs if leg["media"]]
            if carrying:
                break
    async with supervisor.listen(carrying[0]["id"]) as ear:
        async for heard in ear:
            if isinstance(heard, Frame):
                pcm += heard.pcm
            elif heard["type"] == "hello":
                assert (heard["rate"], heard["leg"]) == (8000, "both")
            else:
                assert heard["type"] in ("state", "alive", "end")
            if len(pcm) > 8000:
                fleet.hang_up.set()
    await running
    assert fleet.failed == 0, said
    values = memoryview(bytes(pcm)).cast("h")
    rising = sum(values[n - 1] < 0 <= values[n] for n in range(1, len(values)))
    assert rising == pytest.approx(440 * len(values) / 8000, abs=2)


async def test_an_ear_with_a_wrong_password_is_told(agents_server: Server, alice: User) -> None:
    with pytest.raises(SignInFailed, match="/login answered 200: not signed in"):
        await Supervisor.sign_in(agents_server.url, "alice", "guess")


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"password": "guess"}, "answered 401 Unauthorized"),
        ({"signing_key": "guess"}, "answered 403"),
        ({"signing_key": ""}, "answered 403"),
        ({"agent": "nobody"}, "answered 404"),
    ],
    ids=["password", "key", "no key", "agent"],
)
async def test_a_call_that_is_refused_fails_with_a_sentence(
    agents_server: Server, wrong: dict[str, str], answer: str
) -> None:
    fleet, said = make(replace(account(agents_server), **wrong))
    await fleet.once()
    assert fleet.failed == 1
    assert said[-1].endswith(answer)
    assert not await Tap.objects.aexists()


async def test_one_failing_call_does_not_end_the_others(
    agents_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, said = make(account(agents_server), calls=3)

    def second_is_unknown(number: int, script: Script) -> object:
        caller = make_caller(number, script)
        return replace(caller, call_id="x" * 256) if number == 2 else caller

    monkeypatch.setattr("monitor.sim.call.make_caller", second_is_unknown)
    await fleet.once()
    assert fleet.failed == 1
    assert [line for line in said if "the tool answered no tap verb but" in line]
    assert await Tap.objects.filter(state=TapState.FINISHED).acount() == 2


async def test_no_secret_is_said(agents_server: Server) -> None:
    for key in (settings.SIGNALWIRE_SIGNING_KEY, "guess"):
        fleet, said = make(replace(account(agents_server), signing_key=key))
        await fleet.once()
        taps = [tap async for tap in Tap.objects.all()]
        text = "\n".join(said)
        assert settings.SWML_BASIC_AUTH_PASSWORD not in text
        assert "token" not in text
        assert not [tap for tap in taps if f"{tap.id.hex}." in text]


async def test_a_service_that_is_away_is_named(agents_server: Server) -> None:
    fleet, said = make(replace(account(agents_server), base_url="http://127.0.0.1:9"))
    await fleet.once()
    assert said[-1].endswith("POST http://127.0.0.1:9/agents/receptionist: ClientConnectorError")


def test_urls_are_shown_without_what_they_protect() -> None:
    assert (
        shown("https://u:p@host:8/agents/desk/swaig/?__token=x")
        == "https://host:8/agents/desk/swaig/"
    )
    assert shown("wss://host/tap/abc.def") == "wss://host/tap/…"
    assert shown("https://host/tap/abc.def/status") == "https://host/tap/…/status"


def test_swml_that_the_schema_refuses_fails_the_call() -> None:
    verb = {"tap": {"uri": "wss://host/tap/x", "direction": "hear"}}
    document = {"version": "1.0.0", "sections": {"main": [verb]}}
    with pytest.raises(CallFailed, match="SWML of tap is not valid"):
        checked_verbs({"response": "", "action": [{"SWML": document}]}, "tap")


def test_swml_without_the_tool_fails_the_call() -> None:
    with pytest.raises(CallFailed, match="no tool start_monitoring"):
        hook_of({"sections": {"main": ["answer", {"ai": {}}]}}, "start_monitoring")


def test_a_caller_is_invented_and_the_same_each_time_but_for_the_call() -> None:
    one, other = make_caller(7, Script()), make_caller(7, Script())
    assert replace(one, call_id="") == replace(other, call_id="")
    assert one.call_id != other.call_id
    assert one.number[5:10] == "55501"  # kept for fiction


async def test_a_call_is_told_of_live_and_in_its_record(agents_server: Server) -> None:
    """In call 3 the caller interrupts the agent. 24 s of speech are played."""
    fleet, said = make(account(agents_server), Script(speed=8), seconds=3, seed=3)
    await fleet.once()
    assert fleet.failed == 0, said
    call = await Call.objects.aget()
    assert (call.agent, call.ended_at is not None) == ("receptionist", True)
    rows = [row async for row in CallEvent.objects.filter(call=call).order_by("at", "pk")]
    kinds = {row.kind for row in rows}
    assert kinds >= {"session_start", "speech_detect", "conversation_add", "barge", "session_end"}
    recorded = [row for row in rows if row.kind == "call_log"]
    live = [row for row in rows if row.kind == "conversation_add"]
    assert [row.text for row in recorded] == [row.text for row in live]
    written = (voice.SPEECH / "dialogues.txt").read_text()
    assert all(row.text in written for row in recorded)
    assert {row.role for row in recorded} == {"user", "assistant"}
    used = [line for line in conversation.lines(rows) if line.tool]
    assert [line.text for line in used] == ["start_monitoring", "stop_monitoring"]
    assert all(line.tool and line.tool.milliseconds for line in used)


async def test_in_every_fourth_call_the_agent_pauses_the_monitoring(agents_server: Server) -> None:
    fleet, said = make(account(agents_server), Script(speed=10), calls=4, seconds=2.5)
    await fleet.once()
    assert fleet.failed == 0, said
    pause = await CallPause.objects.aget()
    assert (pause.username, pause.end) == ("", "resumed")
