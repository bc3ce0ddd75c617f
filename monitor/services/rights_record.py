"""RightsRecord: writes into the ledger who may do what from now on, whoever changes it and how.

Django's signals tell of a change before it is made. The entry is part of the transaction of the
change, if there is one, and is written before it otherwise: a right is never given or taken without
an entry. ``QuerySet.update`` sends no signal of Django's; agents have one of their own for it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_migrate, pre_delete, pre_save

from monitor.models import Agent, LedgerKind, Team, agents_changing
from monitor.services import ledger

#: What an account or a team has to begin with.
AT_FIRST = {
    "is_active": True,
    "is_staff": False,
    "is_superuser": False,
    "takes_new_agents": False,
    "needs_notice": False,
    "needs_reason": False,
}
#: The fields of each model whose values decide what somebody may do or see.
DECIDING = {
    "user": ("is_active", "is_staff", "is_superuser"),
    "team": ("takes_new_agents", "needs_notice", "needs_reason"),
    "agent": ("team",),
}
DONE = {"pre_add": "added", "pre_remove": "removed", "pre_clear": "cleared"}


class RightsRecord:
    """Writes an entry of the kind RIGHTS_CHANGED for each change."""

    def __init__(self) -> None:
        self._is_paused = False

    def connect(self, app: Any) -> None:
        """Connect the handlers, before others make what a new installation has in ``post_migrate``:
        nobody gives those rights. ``resume`` is to be connected after them."""
        user = get_user_model()
        post_migrate.connect(self._pause, sender=app, weak=False)
        for saved in (user, Team, Agent):
            pre_save.connect(self._on_save, sender=saved, weak=False)
        agents_changing.connect(self._on_agents, sender=Agent, weak=False)
        for deleted in (user, Group, Team, Agent):
            pre_delete.connect(self._on_delete, sender=deleted, weak=False)
        for through in (
            user.groups.through,
            user.user_permissions.through,
            Group.permissions.through,
            Team.members.through,
        ):
            m2m_changed.connect(self._on_relation, sender=through, weak=False)

    def resume(self, **kwargs: Any) -> None:
        """Record again what is changed."""
        self._is_paused = False

    def _pause(self, **kwargs: Any) -> None:
        self._is_paused = True

    def _on_save(self, sender: type[Model], instance: Any, raw: bool, **kwargs: Any) -> None:
        """Record which deciding fields get another value."""
        saved = kwargs.get("update_fields")
        fields = [
            one for one in DECIDING[_kind(instance)] if not raw and (saved is None or one in saved)
        ]
        if not fields:
            return
        old = sender._default_manager.filter(pk=instance.pk).first()
        before = {one: _shown(getattr(old, one)) for one in fields} if old else AT_FIRST
        new = {one: _shown(getattr(instance, one)) for one in fields}
        changed = {one: value for one, value in new.items() if value != before.get(one)}
        if changed and not (old is None and _joins_by_itself(instance)):
            self._write(instance, changed)

    def _on_agents(self, agents: QuerySet[Agent], values: dict[str, Any], **kwargs: Any) -> None:
        """Record which of any number of agents get another team."""
        if "team" in values:
            for agent in agents.exclude(team=values["team"]):
                self._write(agent, {"team": _shown(values["team"])})

    def _on_delete(self, instance: Any, **kwargs: Any) -> None:
        self._write(instance, {"deleted": True})

    def _on_relation(
        self,
        instance: Any,
        action: str,
        reverse: bool,
        model: type[Model],
        pk_set: set[int] | None,
        **kwargs: Any,
    ) -> None:
        """Record which rows are connected, or not any more. ``instance`` is at either side."""
        if action not in DONE:
            return
        others = model._default_manager.filter(pk__in=pk_set or ()).order_by("pk")
        names = [_named(one) for one in others]
        if names or pk_set is None:
            self._write(instance, {"of": model._meta.model_name, DONE[action]: names or "all"})

    def _write(self, instance: Model, details: dict[str, Any]) -> None:
        if self._is_paused:
            return
        of = {"object": _kind(instance), "name": _named(instance), "id": instance.pk}
        ledger.append_within([ledger.by_whoever_acts(LedgerKind.RIGHTS_CHANGED, **of, **details)])


def _kind(row: Model) -> str:
    return row._meta.model_name or ""


def _joins_by_itself(row: Model) -> bool:
    """Return whether an agent that is new joins the team that takes new agents: that is recorded
    where the team was told to take them."""
    return isinstance(row, Agent) and row.team is not None and row.team.takes_new_agents


def _shown(value: Any) -> Any:
    return _named(value) if isinstance(value, Model) else value


def _named(row: Any) -> str:
    """Return what a row is called in the ledger: a permission by its code name."""
    return str(getattr(row, "codename", row))
