"""Two teams, a call of each, and the people who may see one of them, both or none."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from monitor.models import Agent, Tap, Team
from monitor.services import taps
from tests.support.cast import permit
from tests.support.tellings import tell
from tests.support.words import heard

STAFF = ("call", "tap", "listensession", "callorder", "adminaction")

MORE = ("start_tap", "stop_tap", "export_history")


@pytest.fixture
def sales_call(db: Any) -> Tap:
    """The tap of a call of the team Sales in which something was said, and that has been heard."""
    sales, support = (Team.objects.create(name=name) for name in ("Sales", "Support"))
    Agent.objects.create(name="sales-desk", team=sales)
    Agent.objects.create(name="support-desk", team=support)
    taps.open_tap("call-of-support", agent="support-desk", caller="+15550002")
    tap = taps.open_tap(
        "call-of-sales", agent="sales-desk", caller="+15550001", caller_name="Ann Lee"
    ).tap
    tell(heard("Where is the parcel?", "call-of-sales"), None)
    return tap


@pytest.fixture
def cast(sales_call: Tap) -> dict[str, User | None]:
    people: dict[str, User | None] = {"nobody": None, "dora": User.objects.create_superuser("dora")}
    for name, team in (("alice", "Sales"), ("bob", "Support"), ("frank", "Sales")):
        user = people[name] = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name="Supervisors"))
        permit(user, *MORE, *(f"view_{model}" for model in STAFF))
        if name != "frank":  # to him, numbers are masked
            permit(user, "see_full_numbers")
        Team.objects.get(name=team).members.add(user)
    people["charlie"] = User.objects.create_user("charlie")
    people["erin"] = erin = User.objects.create_user("erin", is_staff=True)
    erin.groups.add(Group.objects.get(name="Auditors"))
    return people
