"""Rights that are lost end the sockets they opened.

A socket's user is fixed when it connects. So each sign-out, changed user,
changed group and changed password is told to every process
(``monitor.live.revocations``), which looks again at the sockets it concerns; a look
every 30 s is the backstop.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from .live.revocations import Revocation, revocations
from .live.rights import session_digest


def connect() -> None:
    """Follow the signals that mean a lost right."""
    user = get_user_model()
    user_logged_out.connect(_signed_out)
    post_save.connect(_user_changed, sender=user)
    post_delete.connect(_user_changed, sender=user)
    m2m_changed.connect(_rights_changed, sender=user.groups.through)
    m2m_changed.connect(_rights_changed, sender=user.user_permissions.through)
    m2m_changed.connect(_group_changed, sender=Group.permissions.through)
    post_delete.connect(_group_changed, sender=Group)


def _signed_out(request: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        _revoke(user.pk, session_digest(request.session.session_key or ""))


def _user_changed(instance: Any, created: bool = False, **kwargs: Any) -> None:
    fields = kwargs.get("update_fields")
    if not created and fields != frozenset({"last_login"}):
        transaction.on_commit(lambda: _revoke(instance.pk))


def _rights_changed(instance: Any, action: str, reverse: bool, **kwargs: Any) -> None:
    if action.startswith("post_"):
        user_id = None if reverse else instance.pk
        transaction.on_commit(lambda: _revoke(user_id))


def _group_changed(action: str = "post_delete", **kwargs: Any) -> None:
    if action.startswith("post_"):
        transaction.on_commit(lambda: _revoke(None))


def _revoke(user_id: int | None, session: str = "") -> None:
    revocations.revoke(Revocation(user_id, session))
