"""What an identity provider says of somebody who signs in with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_SUBJECT = 255  # characters (OpenID Connect Core 1.0, section 2)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider knows. Only ``subject`` is the same for ever."""

    subject: str
    name: str  # "" if the provider tells none
    groups: frozenset[str] | None  # None if the provider does not tell them
    methods: frozenset[str]  # how they proved who they are: the values of amr and acr


def person_of(claims: Mapping[str, Any], groups_claim: str) -> Person:
    """Return the person whom these claims are about. Raises ValueError if they name nobody."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or "\0" in subject:
        raise ValueError("the claims name nobody")
    names = [claims.get(claim) for claim in ("preferred_username", "email")]
    return Person(
        subject,
        next((name for name in names if name and isinstance(name, str)), ""),
        _texts(claims.get(groups_claim)),
        (_texts(claims.get("amr")) or frozenset()) | (_texts(claims.get("acr")) or frozenset()),
    )


def _texts(value: Any) -> frozenset[str] | None:
    """Return the texts of a list, or one alone: some providers send a list of one like that."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, list):
        return frozenset(one for one in value if isinstance(one, str))
    return None
