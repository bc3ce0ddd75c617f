"""What the groups of an identity provider give to their members here.

The setting OIDC_GROUPS lists them: ``support = team:Support, role:Supervisors; audit = staff``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ALLOWED = (
    "groups with what they give, separated by semicolons: "
    "group = role:Supervisors, team:Support; other group = role:Auditors, staff"
)


@dataclass(frozen=True, slots=True)
class Grants:
    """What somebody is given: roles and teams by their names, and whether the admin opens."""

    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    staff: bool = False

    def __bool__(self) -> bool:
        return bool(self.roles or self.teams or self.staff)

    def __or__(self, other: Grants) -> Grants:
        return Grants(self.roles | other.roles, self.teams | other.teams, self.staff or other.staff)


@dataclass(frozen=True, slots=True)
class ProviderGroups:
    """The groups that give something."""

    grants: Mapping[str, Grants]

    def of(self, groups: Iterable[str]) -> Grants:
        """Return what the members of all these groups are given."""
        return _together(self.grants.get(group, Grants()) for group in groups)

    def all(self) -> Grants:
        """Return whatever any group gives: that is the provider's to give and to take."""
        return _together(self.grants.values())


def parse(text: str) -> ProviderGroups:
    """Parse the setting. Raises ValueError, which says what is allowed.

    A group ends at the last ``=``, because the names of directories have some: ``cn=a,ou=b``.
    """
    found: dict[str, Grants] = {}
    for line in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        group, _, given = (part.strip() for part in line.rpartition("="))
        if not group or group in found:
            raise ValueError(ALLOWED)
        found[group] = _together(_granted(one.strip()) for one in given.split(","))
    return ProviderGroups(found)


def _granted(text: str) -> Grants:
    kind, _, name = (part.strip() for part in text.partition(":"))
    match kind, name:
        case "staff", "":
            return Grants(staff=True)
        case "role", _ if name:
            return Grants(roles=frozenset({name}))
        case "team", _ if name:
            return Grants(teams=frozenset({name}))
    raise ValueError(ALLOWED)


def _together(grants: Iterable[Grants]) -> Grants:
    found = Grants()
    for one in grants:
        found |= one
    return found
