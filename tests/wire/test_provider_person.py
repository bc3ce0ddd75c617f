"""What an identity provider's claims say of a person."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.wire.provider_person import person_of


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["desk", "leads"], {"desk", "leads"}),
        ("desk", {"desk"}),
        ([], set()),
        (["desk", 7, None], {"desk"}),
        (None, None),
        (7, None),
        ({"desk": True}, None),
    ],
)
def test_groups(claim: Any, groups: set[str] | None) -> None:
    assert person_of({"sub": "a-1", "roles": claim}, "roles").groups == groups


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ann", "email": "a@example.com"}, "ann"),
        ({"email": "a@example.com"}, "a@example.com"),
        ({"preferred_username": 7}, ""),
        ({}, ""),
    ],
)
def test_the_name(claims: dict[str, Any], name: str) -> None:
    assert person_of({"sub": "a-1", **claims}, "groups").name == name


def test_how_they_proved_who_they_are() -> None:
    person = person_of({"sub": "a-1", "amr": ["pwd", "otp"], "acr": "gold"}, "groups")
    assert person.methods == {"pwd", "otp", "gold"}


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256, "a\0b"])
def test_claims_that_name_nobody_are_refused(subject: Any) -> None:
    with pytest.raises(ValueError, match="name nobody"):
        person_of({"sub": subject}, "groups")
