"""RevocationSignals: publishes a revocation whenever somebody may see less than before, or more.

A socket's user is fixed when it connects. Every sign-out, and every change of a user, group or
password, of a team or its members, or of the team of an agent, is therefore published to all
processes (``monitor.bus.revocations``), which check the sockets that it concerns. They also check
all sockets every 30 s, in case a revocation is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from monitor.bus.revocations import Revocation, Revocations
from monitor.fanout.access_watch import session_digest
from monitor.models import Agent, Team, agents_changed
from monitor.services import announce


class RevocationSignals:
    """Publishes a revocation for each signal of Django that means a lost right."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    def connect(self) -> None:
        """Connect the handlers. The signals hold them strongly, because nobody else does."""
        user = get_user_model()
        user_logged_out.connect(self._on_sign_out, weak=False)
        post_save.connect(self._on_user_changed, sender=user, weak=False)
        post_delete.connect(self._on_user_changed, sender=user, weak=False)
        for through in (user.groups.through, user.user_permissions.through):
            m2m_changed.connect(self._on_rights_changed, sender=through, weak=False)
        post_delete.connect(self._on_factor_removed, sender=Authenticator, weak=False)
        m2m_changed.connect(self._on_group_changed, sender=Group.permissions.through, weak=False)
        post_delete.connect(self._on_group_changed, sender=Group, weak=False)
        m2m_changed.connect(self._on_members_changed, sender=Team.members.through, weak=False)
        post_delete.connect(self._on_agents_changed, sender=Team, weak=False)
        post_save.connect(self._on_team_changed, sender=Team, weak=False)
        for signal in (post_save, post_delete, agents_changed):
            signal.connect(self._on_agents_changed, sender=Agent, weak=False)

    def _on_sign_out(self, request: Any, user: Any, **kwargs: Any) -> None:
        if user is not None:
            self._revoke(user.pk, session_digest(request.session.session_key or ""))

    def _on_user_changed(self, instance: Any, created: bool = False, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if not created and fields != frozenset({"last_login"}):
            transaction.on_commit(lambda: self._revoke(instance.pk))

    def _on_factor_removed(self, instance: Authenticator, **kwargs: Any) -> None:
        user_id = instance.user_id
        transaction.on_commit(lambda: self._revoke(user_id))

    def _on_rights_changed(self, instance: Any, action: str, reverse: bool, **kwargs: Any) -> None:
        if action.startswith("post_"):
            user_id = None if reverse else instance.pk
            transaction.on_commit(lambda: self._revoke(user_id))

    def _on_group_changed(self, action: str = "post_delete", **kwargs: Any) -> None:
        if action.startswith("post_"):
            transaction.on_commit(lambda: self._revoke(None))

    def _on_members_changed(
        self, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **kwargs: Any
    ) -> None:
        if action.startswith("post_"):
            of_team: Iterable[int | None] = [None] if pk_set is None else pk_set
            users = [instance.pk] if reverse else of_team
            for user_id in users:
                transaction.on_commit(partial(self._revoke, user_id))

    def _on_agents_changed(
        self, instance: Any = None, created: bool = False, **kwargs: Any
    ) -> None:
        is_without_team = created and instance.team_id is None
        if not is_without_team:  # one that is new and without a team changes what nobody sees
            transaction.on_commit(lambda: self._revoke(None))

    def _on_team_changed(self, instance: Any, created: bool, **kwargs: Any) -> None:
        """Check all sockets, because the team may demand notice or reasons now, and tell lists."""
        if not created:
            transaction.on_commit(lambda: self._revoke(None))
            announce.publish_team(instance)

    def _revoke(self, user_id: int | None, session: str = "") -> None:
        self._revocations.revoke(Revocation(user_id, session))
