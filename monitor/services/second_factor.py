"""The second factor of a sign-in: who must have one, who has one, and taking away a lost one."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from monitor.services import permissions, sessions

#: The session's key, with the user whom the provider has asked for a second factor.
AT_PROVIDER = "second_factor_at_provider"


def is_required_of(user: Any) -> bool:
    """Return whether a user must sign in with a second factor."""
    if settings.REQUIRE_SECOND_FACTOR == "administrators":
        return permissions.is_administrator(user)
    return bool(settings.REQUIRE_SECOND_FACTOR == "everybody")


def is_missing(user: Any, session: Any) -> bool:
    """Return whether a user must set up a second factor before anything else in a session."""
    if not user.is_authenticated or not is_required_of(user):
        return False
    return not factors_of(user).exists() and session.get(AT_PROVIDER) != user.pk


def note_provider(user: Any, session: Any, methods: frozenset[str]) -> None:
    """Note in a session how the identity provider had its user prove who they are."""
    session.pop(AT_PROVIDER, None)
    if not settings.OIDC_SECOND_FACTOR.isdisjoint(methods):
        session[AT_PROVIDER] = user.pk


def factors_of(user: Any) -> QuerySet[Authenticator]:
    """Return a user's second factors. Recovery codes alone are none."""
    own: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk)
    return own.exclude(type=Authenticator.Type.RECOVERY_CODES)


def may_remove(factor: Authenticator) -> bool:
    """Return whether users may remove a factor of theirs: the last one only if none is required."""
    others = factors_of(factor.user).exclude(pk=factor.pk)
    return not is_required_of(factor.user) or others.exists()


@transaction.atomic
def take_away(user: Any) -> bool:
    """Take all second factors from a user who has lost one, and end the user's sessions.

    Returns whether there were any.
    """
    removed, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if removed:
        sessions.end_all(user)
    return bool(removed)
