"""What a simulated call is told of: all that SignalWire's AI tells, in disorder if asked for."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from monitor.audio.condition import Kind
from monitor.models import Call, CallEvent, CallMark
from monitor.services import conversation
from monitor.sim import disorder, teller
from monitor.sim.disorder import Disorder
from monitor.sim.platform import Caller, ToolUse
from monitor.sim.teller import Teller
from monitor.sim.voice import Turn
from tests.support.tellings import tell
from tests.support.words import events, summary

SENTENCES = [
    Turn("front desk", "caller" if n % 2 else "agent", f"Sentence {n * 'x'}.", b"")
    for n in range(8)
]

TOOL = ToolUse("look_up", {"day": 1}, "Yes.", 1.0, 0.25)


class FakePlatform:
    """Keeps what is posted, in the order in which it arrives."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []

    async def post_events(self, caller: Caller, url: str, told: dict[str, Any]) -> None:
        self.posts.append(events(caller.call_id, **told))

    async def post_summary(self, caller: Caller, url: str, record: dict[str, Any]) -> None:
        self.posts.append(summary(caller.call_id, **record))


async def told(
    monkeypatch: pytest.MonkeyPatch,
    number: int = 1,
    level: int = 2,
    seed: int | None = None,
    trouble: Kind | None = None,
    tools: Sequence[ToolUse] = (TOOL,),
) -> list[dict[str, Any]]:
    """Return what is posted about a call with eight sentences in which tools were used."""
    monkeypatch.setattr(teller, "turn_at", lambda _seed, frame: SENTENCES[frame])
    monkeypatch.setattr(disorder, "LATEST", 0.02)
    platform, caller = FakePlatform(), Caller("call-1", "+12025550100", "Ada Ash")
    params = {"debug_webhook_url": "https://x", "debug_webhook_level": level}
    ai = {"params": params, "post_prompt_url": "https://x"}
    swml = {"sections": {"main": [{"ai": ai}]}}
    disordered = Disorder(seed, number)
    one = Teller(platform, caller, number, swml, disordered, trouble)  # type: ignore[arg-type]
    one.begin()
    caller.tools_used.extend(tools)
    for frame in range(len(SENTENCES)):
        one.play(frame)
    await one.end()
    assert one.failures == []
    return platform.posts


def kinds(posts: list[dict[str, Any]]) -> list[str]:
    return [next(name for name in post if name != "call_info") for post in posts]


async def test_level_1_leaves_out_what_the_agent_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "conversation_add" in kinds(await told(monkeypatch))
    posts = kinds(await told(monkeypatch, level=1))
    assert "conversation_add" not in posts
    assert posts.count("speech_detect") == 4


async def test_some_calls_have_an_interruption_a_hold_or_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not {"barge", "hold", "webhook_fail"} & set(kinds(await told(monkeypatch, number=1)))
    posts = await told(monkeypatch, number=3 * 5 * 7)
    assert kinds(posts).count("barge") == kinds(posts).count("webhook_fail") == 1
    holds = [post["hold"]["event"] for post in posts if "hold" in post]
    assert holds == ["hold", "unhold"]


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 7])
@pytest.mark.parametrize("trouble", [None, Kind.TOOL_FAILS, Kind.LLM_ERROR])
def test_tools_or_a_model_that_fail_need_attention(
    monkeypatch: pytest.MonkeyPatch, trouble: Kind | None, number: int
) -> None:
    for body in asyncio.run(told(monkeypatch, number=number, trouble=trouble)):
        tell(body)
    marks = [Kind(mark.kind) for mark in CallMark.objects.all()]
    assert marks == [trouble][: trouble is not None]


async def test_a_tool_is_told_of_with_its_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = await told(monkeypatch)
    (use,) = [post["function_call"] for post in posts if "function_call" in post]
    assert (use["function"], use["duration_ms"]) == ("look_up", 250)


@pytest.mark.django_db
def test_the_first_tool_names_the_caller_before_the_call_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posts = asyncio.run(told(monkeypatch, tools=()))
    uses = [n for n, post in enumerate(posts) if "swaig_call" in post]
    assert len(uses) == 1
    for body in posts[: uses[0]]:
        tell(body)
    assert Call.objects.get().caller == ""
    tell(posts[uses[0]])
    call = Call.objects.get()
    assert (call.caller, call.caller_name) == ("+12025550100", "Ada Ash")


async def test_the_record_has_latencies_costs_and_who_ended_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = (await told(monkeypatch))[-1]
    answers = [one for one in record["call_log"] if one["role"] == "assistant"]
    assert "audio_latency" not in answers[0]  # the agent greets
    assert all(600 <= one["audio_latency"] < one["acoustic_latency"] for one in answers[1:])
    assert record["total_tts_chars"] == sum(len(one["content"]) for one in answers) + 3
    assert record["total_input_tokens"] > 0
    assert record["total_output_tokens"] > 0
    assert {"total_minutes", "total_asr_minutes", "call_end_date"} <= set(record)
    assert record["call_ended_by"] == "assistant"


async def test_without_a_seed_each_is_told_once_and_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posts = kinds(await told(monkeypatch))
    assert (posts[0], posts[-2:]) == ("session_start", ["session_end", "action"])
    assert len(posts) == 4 + 8 + 4


def test_a_seed_decides_what_is_lost_doubled_and_late() -> None:
    def fates(seed: int) -> list[list[float]]:
        one = Disorder(seed, 1)
        return [one.of_event() for _ in range(200)]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    copies = [len(fate) for fate in fates(1)]
    assert {0, 1, 2} == set(copies)
    assert max(late for fate in fates(1) for late in fate) <= disorder.LATEST
    first = [Disorder(1, number).is_record_first for number in range(60)]
    assert 10 < sum(first) < 30


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_in_disorder_the_transcript_ends_as_the_record(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    posts = asyncio.run(told(monkeypatch, number=3 * 5 * 7, seed=seed))
    now = timezone.now()
    for n, body in enumerate(posts):
        tell(body, now + datetime.timedelta(milliseconds=20 * n))
    lines = conversation.of_call(Call.objects.get())
    said = [(line.text, line.recorded) for line in lines if line.side in ("caller", "agent")]
    assert said == [(turn.text, True) for turn in SENTENCES]
    assert CallEvent.objects.filter(kind="call_log").count() == len(SENTENCES)
