"""The agents, which appear by themselves, and the team that new ones join."""

from __future__ import annotations

from typing import Any

from monitor.models import Agent, Team


def meet_agent(name: str) -> None:
    """Make the row of an agent whose call has become known, unless there is one.

    A new agent joins the team that takes new agents. Without one it belongs to no team.
    """
    if_new: dict[str, Any] = {"team": _for_new_agents}  # asked for only then
    Agent.objects.get_or_create(name=name, defaults=if_new)


def ensure_for_new_agents(name: str) -> Team:
    """Return the team that takes new agents. If none does, the one of this name does from now on,
    and it is made if there is none."""
    team = _for_new_agents()
    if team is None:
        team, _ = Team.objects.update_or_create(name=name, defaults={"takes_new_agents": True})
    return team


def _for_new_agents() -> Team | None:
    return Team.objects.filter(takes_new_agents=True).first()
