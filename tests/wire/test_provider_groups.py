"""What the groups of an identity provider give, as OIDC_GROUPS says it."""

from __future__ import annotations

import pytest

from monitor.wire.provider_groups import Grants, parse


def test_a_group_gives_roles_teams_and_the_admin() -> None:
    groups = parse("desk = role:Supervisor leads, team:Sales, team:Support ; audit=staff")
    leads, teams = frozenset({"Supervisor leads"}), frozenset({"Sales", "Support"})
    assert groups.of(["desk"]) == Grants(leads, teams)
    assert groups.of(["desk", "audit", "others"]) == Grants(leads, teams, staff=True)
    assert groups.all() == Grants(leads, teams, staff=True)


def test_the_name_of_a_group_may_have_what_separates_names_elsewhere() -> None:
    groups = parse("cn=desk,ou=calls = team:Sales\n/calls/leads: all = staff")
    assert set(groups.grants) == {"cn=desk,ou=calls", "/calls/leads: all"}


@pytest.mark.parametrize("groups", [[], ["others"], ["DESK"], ["desk "]])
def test_other_groups_give_nothing(groups: list[str]) -> None:
    assert not parse("desk = staff").of(groups)


def test_without_groups_nobody_is_given_anything() -> None:
    assert not parse("").all()


@pytest.mark.parametrize(
    "text",
    [
        "desk",
        "= staff",
        "desk =",
        "desk = Supervisors",
        "desk = role:",
        "desk = role:A,, staff",
        "desk = superuser",
        "desk = staff:yes",
        "desk = group:A",
        "desk = staff; desk = team:Sales",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="role:Supervisors"):
        parse(text)
