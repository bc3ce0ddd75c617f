"""Test clients of signed-in users."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.models import Agent, Team


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


PASSWORD = "a-secret-that-nobody-may-see"


def permit(user: User, *codenames: str) -> None:
    """Give a user permissions beside those of its groups."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def see_only(user: User, *agents: str) -> None:
    """Let a user see the calls of these agents, and no others."""
    user.user_permissions.remove(Permission.objects.get(codename="see_all_teams"))
    team = Team.objects.create(name="Team")
    team.members.add(user)
    for agent in agents:
        Agent.objects.update_or_create({"team": team}, name=agent)
