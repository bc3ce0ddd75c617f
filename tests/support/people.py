"""Many supervisors at once."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

from tests.support.cast import permit
from tests.support.servers import cookie


def supervisors(count: int) -> list[str]:
    """Make ``count`` users who may listen to all calls, and return their session cookies."""
    group = Group.objects.get(name="Supervisors")
    users = [User(username=f"supervisor-{number}", password="!") for number in range(count)]
    made = User.objects.bulk_create(users)
    for user in made:
        user.groups.add(group)
        permit(user, "see_all_teams")
    return [cookie(user) for user in made]
