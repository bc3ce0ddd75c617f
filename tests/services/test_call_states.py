"""A call's life, whatever is told of it, however often, and in which order."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from monitor.models import ENDED, Call, Tap
from monitor.services import call_life, calls, carrier_requests, media, orders, taps
from monitor.services.descriptions import current_calls, describe
from monitor.wire.call_control import ControlError
from tests.support.orders import claimed
from tests.support.rest import set_up_rest
from tests.support.rows import MINUTE, NOW, SECOND, connect
from tests.support.tellings import tell
from tests.support.words import CALL, events, heard, summary

HOUR = 60 * MINUTE
SEARCH = settings(
    max_examples=60,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
AGENTS = st.sampled_from(["front desk", "back office"])


class LifeOfACall(RuleBasedStateMachine):
    """Words, records, taps, orders and sweeps tell of a call independently of each other.

    The machine keeps what it has told in a form of its own, and says from that whether the call
    goes on. ``may_reopen`` is set by the rules after which a call that was over may go on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = pytest.MonkeyPatch()
        self.now = NOW
        self.clock.setattr(timezone, "now", lambda: self.now)
        self.user = User.objects.get_or_create(username="alice")[0]
        self.words: dict[str, datetime.datetime] = {}  # when an agent was last heard of
        self.ends: dict[str, datetime.datetime] = {}  # when the end of its part was last told
        self.told_at: datetime.datetime | None = None  # live
        self.is_swept = False
        self.gone_at: datetime.datetime | None = None
        self.posts: list[tuple[dict[str, Any], str, datetime.datetime]] = []
        self.count = 0
        self.before: dict[str, Any] | None = None
        self.may_reopen = True

    def teardown(self) -> None:
        self.clock.undo()
        Call.objects.filter(call_id=CALL).delete()

    def begin(self, *, may_reopen: bool = False) -> None:
        self.may_reopen = may_reopen

    def unique(self) -> int:
        self.count += 1
        return self.count

    def tell(self, body: dict[str, Any], agent: str) -> None:
        self.posts.append((body, agent, self.now))
        assert tell(body, self.now, agent) > 0

    def heard_live(self) -> None:
        if self.gone_at and self.now - self.gone_at > MINUTE:
            self.gone_at = None
        self.told_at = self.now

    @rule(agent=AGENTS)
    def somebody_speaks(self, agent: str) -> None:
        self.begin(may_reopen=True)
        self.tell(heard(f"Sentence {self.unique()}."), agent)
        self.words[agent] = self.now
        self.is_swept = False
        self.heard_live()

    @precondition(lambda self: self.ends)
    @rule(data=st.data(), after=st.sampled_from([0, 31, 60, 61, 100]))
    def an_agent_is_heard_after_its_end(self, data: st.DataObject, after: int) -> None:
        """So soon that it was late, or so late that it is heard again. By chance, that is rare."""
        agent = data.draw(st.sampled_from(sorted(self.ends)))
        self.now = max(self.now, self.ends[agent] + after * SECOND)
        self.somebody_speaks(agent)

    @rule(agent=AGENTS)
    def a_session_ends(self, agent: str) -> None:
        self.begin(may_reopen=self.gone_at is not None)
        self.tell(events(session_end={"duration_ms": self.unique()}), agent)
        self.ends[agent] = self.now
        self.heard_live()

    @rule(agent=AGENTS, ago=st.sampled_from([0, 2]))
    def a_record_comes(self, agent: str, ago: float) -> None:
        self.begin()
        at = round((self.now.timestamp() - ago) * 1e6)
        self.tell(summary(ai_session_id=f"ai-{self.unique()}", call_end_date=at), agent)
        self.ends[agent] = self.now

    @precondition(lambda self: self.posts)
    @rule(data=st.data())
    def a_post_comes_again(self, data: st.DataObject) -> None:
        self.begin()
        body, agent, told_at = data.draw(st.sampled_from(self.posts[-2:]))
        if "call_info" in body and self.now - told_at > 3 * SECOND:
            return  # the same without a time of its own is then said again
        before = self.described()
        assert tell(body, self.now, agent) == 0
        assert self.described() == before

    @rule(seconds=st.sampled_from([1, 20, 45, 90, 1500, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.begin()
        self.now += seconds * SECOND

    @rule()
    def an_agent_starts_a_tap(self) -> None:
        self.begin(may_reopen=True)
        try:
            opened = taps.open_tap(CALL, agent="front desk")
        except taps.AlreadyTapped:
            return
        self.gone_at = None
        connect(opened, self.now)

    @rule()
    def an_agent_stops_its_taps(self) -> None:
        self.begin()
        taps.stop_taps(CALL)
        self.now += 6 * SECOND
        media.end_stopped()

    @rule()
    def a_media_connection_dies(self) -> None:
        self.begin()
        for tap in Tap.objects.exclude(state__in=ENDED):
            media.disconnect(tap.pk, "a", media.Count(), "gone")
        self.now += 2 * MINUTE
        media.end_lost()

    @rule()
    def the_carrier_knows_no_such_call(self) -> None:
        self.begin(may_reopen=True)
        call = Call.objects.filter(call_id=CALL).first()
        try:
            orders.ask_start(self.user, call.pk if call else 0)
        except (calls.NoSuchCall, orders.AlreadyTapped, calls.CallGone):
            return
        for _ in Tap.objects.filter(state="requested"):
            carrier_requests.record_failure(claimed().order_id, ControlError.CALL_OVER)
        self.gone_at = self.now

    @rule()
    def somebody_sweeps(self) -> None:
        self.begin()
        before = self.before
        ended = call_life.end_silent()
        assert call_life.end_silent() == 0
        assert ended == 0 or (before is not None and not before["over"])
        legs = Tap.objects.filter(call__call_id=CALL)
        newest = max((leg.ended_at for leg in legs if leg.ended_at), default=NOW - HOUR)
        is_quiet = self.told_at is not None and self.now - max(self.told_at, newest) >= HOUR
        is_noted = self.told_at is not None and self.now - self.told_at < HOUR + MINUTE
        if not (is_quiet and is_noted):  # or it may be swept now or a minute later
            may_end = is_quiet and self.words_go_on() and not self.is_tapped()
            assert ended == int(may_end)
        self.is_swept |= ended == 1

    def described(self) -> dict[str, Any] | None:
        found = describe(Call.objects.filter(call_id=CALL))
        return found[0] if found else None

    def is_tapped(self) -> bool:
        return Tap.objects.filter(call__call_id=CALL).exclude(state__in=ENDED).exists()

    def words_go_on(self) -> bool:
        if self.told_at is None or self.gone_at or self.is_swept:
            return False
        return any(
            agent not in self.ends or last - self.ends[agent] > MINUTE
            for agent, last in self.words.items()
        )

    @invariant()
    def it_is_over_when_nothing_goes_on_and_on_the_list_until_30_seconds_after(self) -> None:
        call, before = self.described(), self.before
        self.before = call
        if call is None:
            return
        assert call["over"] == (not self.is_tapped() and not self.words_go_on())
        assert (call["ended_at"] is not None) == call["over"]
        is_listed = [one["id"] for one in current_calls(self.now)] == [call["id"]]
        if call["over"]:
            ended_at = datetime.datetime.fromisoformat(call["ended_at"])
            assert is_listed == (self.now - ended_at <= 30 * SECOND)
            assert call["state"] not in ("untapped", "tapping", "requested")
        else:
            assert is_listed
        if before:
            self.check_change(before, call)

    def check_change(self, before: dict[str, Any], call: dict[str, Any]) -> None:
        """Nothing changes without a higher version, and no call goes on again by itself."""
        assert call["version"] >= before["version"]
        facts = ("agent", "caller", "state", "over", "requested_at", "started_at", "ended_at")
        if call["version"] == before["version"]:
            assert [call[name] for name in facts] == [before[name] for name in facts]
        assert call["started_at"] is None or call["started_at"] <= self.now.isoformat()
        if before["over"] and not call["over"]:
            assert self.may_reopen


@pytest.mark.django_db
def test_no_sequence_breaks_the_life_of_a_call(settings: Any) -> None:
    set_up_rest(settings)
    run_state_machine_as_test(LifeOfACall, settings=SEARCH)
