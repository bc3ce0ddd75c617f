"""What consoles cost: a server with a few taps of its own is told of the levels of many more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from bench import rows, state
from bench.child import Child
from bench.plan import Stage
from bench.sizing.costs import Line, Lists
from bench.sizing.model import TEAM
from bench.sizing.servers import ENDS_WITHIN, OPENS_WITHIN, Redis
from bench.sizing.teller import Told
from bench.sizing.watch import BEFORE_END, Usage, Watch
from bench.testbed import Testbed

TELLER = "bench.sizing.teller"
FEW, MANY = 1000, 5000  # taps of which the server is told
CONSOLES = 10  # more than the first
SETTLE, MEASURE = 1.5, 4.0  # seconds


def lists(testbed: Testbed, row: rows.Row, redis: Redis) -> Lists:
    """Measure consoles with floors of two sizes."""
    few, many = (_told(testbed, row, redis, taps) for taps in (FEW, MANY))
    return Lists(
        first=_line(few.first, many.first),
        console=_line(few.console, many.console),
        first_wire=_line(few.from_redis, many.from_redis),
        console_wire=_line(few.sent, many.sent).each,
        console_memory=many.memory,
    )


class _Found(NamedTuple):
    """What was found with a floor of one size: CPU in µs a second, bytes a second, and bytes."""

    first: float  # console
    console: float  # each more
    from_redis: float
    sent: float  # to a console that shows all taps
    memory: float  # of each more


def _told(testbed: Testbed, row: rows.Row, redis: Redis, taps: int) -> _Found:
    stages = [
        Stage(f"{consoles} consoles", TEAM, 0, consoles, settle=SETTLE, measure=MEASURE)
        for consoles in (0, 1, 1 + CONSOLES)
    ]
    with rows.loaded(testbed, row, stages, {}) as running:
        watch = Watch({"worker": running.server.pid, **redis.pids}, redis.masters)
        with Child(TELLER, Told(taps).dumps(), testbed.directory) as teller:
            none, one, more = (_seen(running, stage, watch) for stage in stages)
            sent = float(teller.said()["bytes"])
        readings = running.load.result(ENDS_WITHIN)
        if readings.failure:
            raise rows.Failed(f"{readings.failure}\n{running.server.log_tail()}")
    console = (more.cpu["worker"] - one.cpu["worker"]) / CONSOLES
    return _Found(
        first=one.cpu["worker"] - none.cpu["worker"] - console,
        console=console,
        from_redis=one.bytes_out - none.bytes_out,
        sent=sent,
        memory=(more.memory["worker"] - one.memory["worker"]) / CONSOLES,
    )


def _seen(running: rows.Running, stage: Stage, watch: Watch) -> Usage:
    running.load.window(stage.name, OPENS_WITHIN)
    return watch.over(stage.measure - BEFORE_END)


@contextlib.contextmanager
def in_a_team() -> Iterator[None]:
    """Have the users of the consoles see the taps that have audio, and no other, meanwhile."""
    from django.contrib.auth.models import Permission, User

    from monitor.models import Agent, Team

    state.cookies(0, 1 + CONSOLES)  # which makes the users
    users = User.objects.filter(username__startswith="bench-")
    everything = Permission.objects.get(codename="see_all_teams")
    team = Team.objects.create(name="bench")
    team.members.set(users)
    for number in range(TEAM):
        Agent.objects.update_or_create(name=f"bench {number}", defaults={"team": team})
    everything.user_set.remove(*users)
    try:
        yield
    finally:
        everything.user_set.add(*users)
        Agent.objects.filter(team=team).update(team=None)
        team.delete()


def _line(few: float, many: float) -> Line:
    """Return the line through what was measured with FEW taps and with MANY."""
    return Line.through((FEW, few), (MANY, many))
