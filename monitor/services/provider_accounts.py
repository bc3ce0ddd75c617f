"""The accounts of people who sign in with the identity provider, and what its groups give to them.

An account belongs to the person whose subject it is connected with, whatever that person is called.
It is made at the first sign-in, or connected by an administrator. It has no password: somebody who
has left the provider's groups could otherwise sign in with it and keep what they gave. An account
that is given a password is no longer the provider's.

The roles and teams that OIDC_GROUPS names are the provider's: each sign-in gives and takes them as
the groups say. All other roles, teams and permissions are the administrators'.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from monitor.models import LedgerKind, ProviderIdentity, Team
from monitor.services import ledger, passwords
from monitor.wire.provider_groups import Grants
from monitor.wire.provider_person import Person


class Why(StrEnum):
    """Why somebody whom the provider knows is not signed in, as the ledger has it."""

    NO_GROUPS_CLAIM = "groups claim"
    NO_GROUP = "groups"
    NO_NAME = "name"
    NAME_TAKEN = "name taken"
    PASSWORD = "password"  # noqa: S105  a reason
    INACTIVE = "inactive"


class NotAdmitted(Exception):
    """Somebody whom the provider knows is not signed in. ``user`` is the account, if one is."""

    def __init__(self, why: Why, user: Any = None) -> None:
        super().__init__(why)
        self.why = why
        self.user = user


class CannotConnect(Exception):
    """An account cannot be connected with a person."""


def admit(person: Person) -> Any:
    """Return the account of a person who has signed in, with what their groups give.

    Raises NotAdmitted. What the groups no longer give is taken away all the same.
    """
    user, why = _try(person)
    if why is Why.NAME_TAKEN:
        # By this person, if two first sign-ins came at the same time.
        user, why = _try(person)
    if why:
        raise NotAdmitted(why, user)
    return user


def identity_of(user: Any) -> ProviderIdentity | None:
    """Return who the user of an account is at the provider, if the account is the provider's."""
    if not settings.OIDC_ISSUER or user.has_usable_password():
        return None
    own = ProviderIdentity.objects.filter(user_id=user.pk, issuer=settings.OIDC_ISSUER)
    return own.first()


def connect(user: Any, subject: str) -> None:
    """Connect an account with a person, who has no other account, and take its password away.

    Raises CannotConnect.
    """
    if user.is_superuser:
        raise CannotConnect("a superuser signs in with a password")
    others = ProviderIdentity.objects.filter(issuer=settings.OIDC_ISSUER, subject=subject)
    if other := others.exclude(user=user).first():
        raise CannotConnect(f"{other.user.get_username()} has this subject")
    with transaction.atomic():
        user.set_unusable_password()
        user.save()
        passwords.mark_assigned(user)
        _connect(user, subject)


def _try(person: Person) -> tuple[Any, Why | None]:
    """Return what ``_admitted`` does. A name or subject that another sign-in takes meanwhile is
    taken."""
    try:
        with transaction.atomic():
            return _admitted(person)
    except IntegrityError:
        return None, Why.NAME_TAKEN


def _admitted(person: Person) -> tuple[Any, Why | None]:
    """Return the account of a person, if there is one, and why they are not signed in, if so."""
    grants = settings.OIDC_GROUPS.of(person.groups or ())
    identity = _identity_of_subject(person.subject)
    user = identity and identity.user
    if user and (user.is_superuser or user.has_usable_password()):
        return user, Why.PASSWORD
    if user:
        _set_rights(user, grants)
    if not grants:
        return user, Why.NO_GROUP if person.groups is not None else Why.NO_GROUPS_CLAIM
    if user and not user.is_active:
        return user, Why.INACTIVE
    if identity is None:
        user, why = _make(person.name)
        if why:
            return user, why
        _connect(user, person.subject)
        _set_rights(user, grants)
    return user, None


def _identity_of_subject(subject: str) -> ProviderIdentity | None:
    known = ProviderIdentity.objects.filter(issuer=settings.OIDC_ISSUER, subject=subject)
    return known.select_related("user").first()


def _make(name: str) -> tuple[Any, Why | None]:
    """Return a new account of this name. If there is one already, return that, and why not: it may
    be somebody else's, whatever the provider calls this person."""
    user_model = get_user_model()
    name = user_model.normalize_username(name)
    try:
        user_model._meta.get_field("username").clean(name, None)
    except ValidationError:
        return None, Why.NO_NAME
    if taken := user_model._default_manager.filter(username__iexact=name).first():
        return taken, Why.NAME_TAKEN
    user = user_model(username=name)
    user.set_unusable_password()
    user.save()
    return user, None


def _connect(user: Any, subject: str) -> None:
    about = {"object": "user", "name": user.get_username(), "id": user.pk, "subject": subject}
    ledger.append_within([ledger.by_whoever_acts(LedgerKind.RIGHTS_CHANGED, **about)])
    ProviderIdentity.objects.update_or_create(
        user=user, defaults={"issuer": settings.OIDC_ISSUER, "subject": subject}
    )


def _set_rights(user: Any, grants: Grants) -> None:
    """Give an account what its groups give, and take what others of the provider's would."""
    mapped = settings.OIDC_GROUPS.all()
    _set_members(user.groups, Group, mapped.roles, grants.roles)
    _set_members(user.teams, Team, mapped.teams, grants.teams)
    if mapped.staff and user.is_staff != grants.staff:
        user.is_staff = grants.staff
        user.save(update_fields=["is_staff"])


def _set_members(
    held: Any, model: type[Model], mapped: frozenset[str], granted: frozenset[str]
) -> None:
    """Make those of the mapped rows the user's that are granted. A row that is not there is
    nobody's: ``monitor.services.provider_checks`` tells of it."""
    before = set(held.filter(name__in=mapped))
    after = set(model._default_manager.filter(name__in=granted))
    held.remove(*before - after)
    held.add(*after - before)
