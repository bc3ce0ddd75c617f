"""Makes the year in an empty database."""

from __future__ import annotations

import datetime
import sys
import time
from typing import Any

from bench.year.history import AGENTS, EMPTY, FIELDS, SPECIAL, TEAMS, USERS, Year
from bench.year.tables import Table, count_on, without_indexes

BATCH = 2_000  # calls that are written at once
SIGN_INS = 250  # of a user in a year
#: The permissions of a team's member who reads the history.
MAY = ("view_call", "view_listensession", "see_full_numbers", "read_words", "export_history")
ROOT = "root"  # the superuser, who sees all


def fill(taps: int, until: datetime.datetime) -> None:
    """Write the year, and tell the database's planner of it."""
    from django.apps import apps
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection, transaction

    from monitor.models import Call

    began = time.perf_counter()
    _people(until)
    year = Year(taps, until, ContentType.objects.get_for_model(Call).pk)
    tables = {
        name: Table(apps.get_model("monitor", name), fields) for name, fields in FIELDS.items()
    }
    with without_indexes():
        done = 0
        for rows in year.batches(BATCH):
            with transaction.atomic():
                for name, table in tables.items():
                    table.write(_written(name, rows[name]))
            done += len(rows["Call"])
            print(f"\r{done:,} calls of {year.calls:,}", end="", file=sys.stderr, flush=True)
        print(f" in {time.perf_counter() - began:.0f} s; indexes", file=sys.stderr)
    count_on(table.model for table in tables.values())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(f"filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _people(until: datetime.datetime) -> None:
    """Make the users, the teams and the agents, and the users' sign-ins."""
    from axes.models import AccessLog
    from django.contrib.auth.models import Permission, User

    from monitor.models import Agent, Team

    names = [f"supervisor-{n + 1}" for n in range(USERS)]
    users = User.objects.bulk_create(User(username=name, is_staff=True) for name in names)
    teams = Team.objects.bulk_create(Team(name=f"team {n}") for n in range(TEAMS))
    Agent.objects.bulk_create(
        Agent(name=f"agent-{n}", team=teams[n % TEAMS]) for n in range(AGENTS)
    )
    permissions = Permission.objects.filter(codename__in=MAY)
    for n, team in enumerate(teams):
        team.members.set(users[n::TEAMS])
    for name in SPECIAL:
        team = Team.objects.create(name=name)
        if name != EMPTY:
            Agent.objects.create(name=name, team=team)
        users.append(User.objects.create(username=name, is_staff=True))
        team.members.add(users[-1])
    for user in [*users[:TEAMS], *users[-len(SPECIAL) :]]:
        user.user_permissions.set(permissions)
    User.objects.create(username=ROOT, is_staff=True, is_superuser=True)
    fields = "user_agent ip_address username path_info attempt_time"
    hour = datetime.timedelta(hours=1)
    Table(AccessLog, fields).write(
        ("Firefox", "192.0.2.7", name, "/login", str(until - hour * (n * 35 + m % 24)))
        for n in range(SIGN_INS)
        for m, name in enumerate(names)
    )


def _written(name: str, rows: list[tuple[Any, ...]]) -> Any:
    """Return rows with their moments as texts, which both databases read."""
    moments = [
        place
        for place, value in enumerate(rows[0] if rows else ())
        if isinstance(value, datetime.datetime)
    ]
    for row in rows:
        texts = list(row)
        for place in moments:
            texts[place] = f"{row[place]:%Y-%m-%d %H:%M:%S.%f}"
        yield texts
