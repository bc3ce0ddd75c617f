"""Teams: whose calls a supervisor sees. The agents whose calls those are belong to them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: Sent before any number of agents is changed at once, with the ``agents`` and the new ``values``.
agents_changing = Signal()
#: Sent when any number of agents was changed at once.
agents_changed = Signal()


class Team(models.Model):
    """Some supervisors and the agents whose calls they see."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="teams",
        verbose_name=_("members"),
        help_text=_("The supervisors who see, hear and read the calls of the team’s agents."),
    )
    takes_new_agents = models.BooleanField(
        _("takes new agents"),
        default=False,
        help_text=_(
            "Agents join this team by themselves with their first call. At most one team takes new "
            "agents; without one, their calls are seen only by those who see all teams."
        ),
    )
    needs_notice = models.BooleanField(
        _("needs notice"),
        default=False,
        help_text=_(
            "Nobody may listen to a call of the team’s agents whose parties were not told that it "
            "is listened to."
        ),
    )
    needs_reason = models.BooleanField(
        _("needs a reason"),
        default=False,
        help_text=_("Whoever wants to hear a call of the team’s agents must say why first."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)
        permissions = [
            ("see_all_teams", _("Can see the calls of all teams and of agents without one")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("takes_new_agents",),
                condition=models.Q(takes_new_agents=True),
                name="one_team_takes_new_agents",
                violation_error_message=_("Another team takes new agents already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AgentQuerySet(models.QuerySet["Agent"]):
    """Agents, whose changes in bulk are told as those of one row are by Django's signals."""

    def update(self, **kwargs: Any) -> int:
        agents_changing.send(sender=self.model, agents=self, values=kwargs)
        changed = super().update(**kwargs)
        agents_changed.send(sender=self.model)
        return changed

    update.alters_data = True  # type: ignore[attr-defined]  # read by Django's templates

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Agent]:
        made = super().bulk_create(*args, **kwargs)
        agents_changed.send(sender=self.model)
        return made


class Agent(models.Model):
    """An agent, by the name that its calls have. A call belongs to the team that its agent has now.

    ``services.teams`` makes the row with the agent's first call.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="agents",
        verbose_name=_("team"),
    )
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)

    objects = AgentQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"  # a team's agents are set through it
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ("name",)
        constraints = [
            # The calls whose agent is not known have no name, and belong to no team.
            models.CheckConstraint(condition=~models.Q(name=""), name="agent_has_name"),
        ]

    def __str__(self) -> str:
        return self.name
