"""What a user may see and hear: the one place that decides it.

A permission says what a user may do at all, and the scope with which calls. A call of another team
is to be treated as one that does not exist.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, QuerySet

from monitor.models import Agent, Call, ListenReason, Tap

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls that a user may know of. Users with equal scopes are shown the same calls."""

    agents: frozenset[str] | None  # the names of those whose calls they are; None for all calls

    @property
    def is_empty(self) -> bool:
        """Whether there can be no call in it."""
        return self.agents is not None and not self.agents

    def has(self, agent: str) -> bool:
        """Return whether the calls of an agent are among them. The name may be empty."""
        return self.agents is None or agent in self.agents

    def within(self, rows: Rows, path: str = "") -> Rows:
        """Return those of the rows that are about these calls. ``path`` leads to the call."""
        return rows if self.agents is None else rows.filter(**{f"{path}agent__in": self.agents})

    def covers(self, other: Scope) -> bool:
        """Return whether these are all calls of another scope."""
        if self.agents is None or other.agents is None:
            return self.agents is None
        return self.agents >= other.agents


EVERYTHING = Scope(None)


class Sight(NamedTuple):
    """What the live list shows to a user."""

    scope: Scope
    reads_words: bool
    full_numbers: bool


def scope_of(user: Any) -> Scope:
    """Return the calls that a user may know of: those of the agents of the user's teams."""
    return EVERYTHING if sees_all_teams(user) else scope_of_teams(user)


def scope_of_teams(user: Any) -> Scope:
    """Return the calls of a user's teams, whatever else the user sees."""
    agents = Agent.objects.filter(team__members=user.pk).order_by().values_list("name", flat=True)
    return Scope(frozenset(agents))


def read(users: Collection[Any]) -> None:
    """Read what some users may do. Any number of them takes one query; otherwise each takes two
    when it is first asked for."""
    limited = [user for user in users if not user.is_superuser]
    columns = "content_type__app_label", "codename"
    own = Permission.objects.order_by().filter(user__in=limited).values_list("user", *columns)
    groups = Permission.objects.order_by().filter(group__user__in=limited)
    names: defaultdict[int, set[str]] = defaultdict(set)
    for user_id, app, name in own.union(groups.values_list("group__user", *columns)):
        names[user_id].add(f"{app}.{name}")
    for user in limited:
        user._perm_cache = names[user.pk]  # where Django's ModelBackend keeps it


def sight_of(user: Any) -> Sight:
    """Return what the live list shows to a user."""
    return Sight(scope_of(user), may_read_words(user), sees_full_numbers(user))


def calls_of(user: Any) -> QuerySet[Call]:
    """Return the calls that a user may know of, with their callers as the user may see them."""
    calls = scope_of(user).within(Call.objects.all())
    return calls if sees_full_numbers(user) else calls.masked()


def taps_of(user: Any) -> QuerySet[Tap]:
    """Return the taps that a user may know of."""
    return scope_of(user).within(Tap.objects.all(), "call__")


def sees_all_teams(user: Any) -> bool:
    """Return whether a user sees the calls of all teams, and of agents without one."""
    return bool(user.is_active and user.has_perm("monitor.see_all_teams"))


def may_listen(user: Any) -> bool:
    """Return whether a user may hear taps."""
    return bool(user.is_active and user.has_perm("monitor.listen_tap"))


class _TapRule(NamedTuple):
    """A tap's call, and what the agent's team demands of those who hear it."""

    call_id: int
    agent: str
    lacks_notice: bool
    needs_reason: bool


class TapRules:
    """Decides which of some users may hear which of some taps.

    Any number of them takes two queries, so that listeners who come together are checked together,
    and one for each user who does not see all teams.
    """

    def __init__(self, tap_ids: Collection[uuid.UUID], users: Collection[int] = ()) -> None:
        self._rules = _rules_of(tap_ids)
        strict = {rule.call_id for rule in self._rules.values() if rule.needs_reason}
        self._given = _reasons_given(strict, users)
        self._scope_of_teams = lru_cache(None)(scope_of_teams)

    def may_know(self, user: Any, tap_id: uuid.UUID) -> bool:
        """Return whether a user may know of a tap, if there is one of this id."""
        if sees_all_teams(user):
            return True
        rule = self._rules.get(tap_id)
        return rule is not None and self._scope_of_teams(user).has(rule.agent)

    def lacks_notice(self, tap_id: uuid.UUID) -> bool:
        """Return whether nobody may hear a tap, because the agent's team demands that the parties
        are told of it, and they were not."""
        rule = self._rules.get(tap_id)
        return rule is not None and rule.lacks_notice

    def lacks_reason(self, user: Any, tap_id: uuid.UUID) -> bool:
        """Return whether a user may hear a tap only after saying why, because the agent's team
        demands that, and has not done so."""
        rule = self._rules.get(tap_id)
        return rule is not None and rule.needs_reason and (rule.call_id, user.pk) not in self._given


def _rules_of(tap_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, _TapRule]:
    if not tap_ids:
        return {}
    agents = Agent.objects.filter(name=OuterRef("call__agent"))
    rows = (
        Tap.objects.filter(pk__in=tap_ids)
        .order_by()
        .values_list(
            "pk",
            "call",
            "call__agent",
            "notice",
            Exists(agents.filter(team__needs_notice=True)),
            Exists(agents.filter(team__needs_reason=True)),
        )
    )
    return {
        pk: _TapRule(call_id, agent, needs_notice and not notice, needs_reason)
        for pk, call_id, agent, notice, needs_notice, needs_reason in rows
    }


def _reasons_given(calls: Collection[int], users: Collection[int]) -> set[tuple[int, int]]:
    """Return for which of some calls which of some users have said why they hear them."""
    if not calls:
        return set()
    given = ListenReason.objects.filter(call__in=calls, user__in=users).order_by()
    return set(given.values_list("call_id", "user_id"))


def may_hold(user: Any) -> bool:
    """Return whether a user may put calls on legal hold, and end that."""
    return bool(user.is_active and user.has_perm("monitor.hold_call"))


def may_watch(user: Any) -> bool:
    """Return whether a user may see the live list."""
    return bool(user.is_active and user.has_perm("monitor.view_tap"))


def sees_full_numbers(user: Any) -> bool:
    """Return whether a user sees callers' numbers as they are. To others they are masked."""
    return bool(user.is_active and user.has_perm("monitor.see_full_numbers"))


def may_read_history(user: Any) -> bool:
    """Return whether a user may read the history of calls and their taps."""
    return bool(user.is_active and user.has_perm("monitor.view_call"))


def may_export(user: Any) -> bool:
    """Return whether a user may save what the history, or the ledger, shows to them."""
    return bool(user.is_active and user.has_perm("monitor.export_history"))


def may_see_listeners(user: Any) -> bool:
    """Return whether a user may read who listened to a call, and when."""
    return bool(user.is_active and user.has_perm("monitor.view_listensession"))


def may_read_words(user: Any) -> bool:
    """Return whether a user may read what is said in calls."""
    return bool(user.is_active and user.has_perm("monitor.read_words"))


def may_pause(user: Any) -> bool:
    """Return whether a user may pause and resume the monitoring of calls."""
    return bool(user.is_active and user.has_perm("monitor.pause_call"))


def may_start(user: Any) -> bool:
    """Return whether a user may have running calls tapped."""
    return bool(user.is_active and user.has_perm("monitor.start_tap"))


def may_stop(user: Any) -> bool:
    """Return whether a user may end the taps of a call, for everybody who listens."""
    return bool(user.is_active and user.has_perm("monitor.stop_tap"))


def is_administrator(user: Any) -> bool:
    """Return whether a user may change the accounts of others."""
    return bool(user.is_active and user.has_perm("auth.change_user"))
