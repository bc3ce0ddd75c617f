"""Teams and agents, in the admin: who sees whose calls.

Only whoever sees the calls of all teams may open these pages: others could join any team.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from monitor.admin.columns import moment
from monitor.admin.log import Logged
from monitor.models import Agent, Team
from monitor.services import permissions

WITHOUT = "none"  # the filter's value for agents without a team


class ForWhoSeesAll(Logged):
    """Needs, beside the permission for the model, the right to see the calls of all teams."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and _sees_all(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and _sees_all(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _sees_all(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _sees_all(request)


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Has the agents of a team beside its own fields."""

    agents = forms.ModelMultipleChoiceField(
        Agent.objects.all(),
        required=False,
        label=_("Agents"),
        help_text=_("An agent that is chosen here leaves the team that it had."),
        widget=FilteredSelectMultiple(_("agents"), is_stacked=False),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["agents"] = list(self.instance.agents.all())

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]  # the stubs leave it out
        self.instance.agents.set(self.cleaned_data["agents"])


@admin.register(Team)
class TeamAdmin(ForWhoSeesAll):
    """The list of teams. A team's page has its members and its agents."""

    form = TeamForm
    fields = ("name", "members", "agents", "takes_new_agents", "needs_notice", "needs_reason")
    filter_horizontal = ("members",)
    list_display = (
        "name",
        "supervisors",
        "all_agents",
        "takes_new_agents",
        "needs_notice",
        "needs_reason",
    )
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        members, agents = (Count(name, distinct=True) for name in ("members", "agents"))
        counted = super().get_queryset(request).annotate(n_members=members, n_agents=agents)
        return cast("QuerySet[Any]", counted)

    @admin.display(description=_("members"))
    def supervisors(self, team: Any) -> int:
        return int(team.n_members)

    @admin.display(description=_("agents"))
    def all_agents(self, team: Any) -> int:
        return int(team.n_agents)


class TeamFilter(admin.SimpleListFilter):
    """Filters agents by team, and offers those without one."""

    title = _("team")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        teams = [(str(team.pk), team.name) for team in Team.objects.all()]
        return [(WITHOUT, _("without a team")), *teams]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == WITHOUT:
            return queryset.filter(team=None)
        return queryset.filter(team=value) if value else queryset


class AssignForm(ActionForm):
    """Chooses an action for agents, and the team that they are assigned to."""

    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, label=_("Team:"), empty_label=_("no team")
    )


@admin.register(Agent)
class AgentAdmin(ForWhoSeesAll):
    """The list of agents. They appear by themselves with their first call."""

    list_display = ("name", "team", "first_seen")
    list_filter = (TeamFilter,)
    list_select_related = ("team",)
    search_fields = ("name",)
    fields = ("name", "team", "first_seen")
    readonly_fields = ("first_seen",)
    actions = ("assign_to_team",)
    action_form = AssignForm

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> Any:
        name = () if obj is None else ("name",)  # its calls have it
        return (*super().get_readonly_fields(request, obj), *name)

    @admin.display(description=_("first seen"), ordering="first_seen_at")
    def first_seen(self, agent: Agent) -> SafeString:
        return moment(agent.first_seen_at)

    @admin.action(description=_("Assign to the team chosen beside"), permissions=["change"])
    def assign_to_team(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        team = AssignForm.base_fields["team"].clean(request.POST.get("team", ""))
        moved = list(agents)
        for agent in moved:
            agent.team = team
            agent.save(update_fields=["team"])
            self.log_change(request, agent, [{"changed": {"fields": ["Team"]}}])
        said = ngettext("%(n)s agent was assigned.", "%(n)s agents were assigned.", len(moved))
        self.message_user(request, said % {"n": len(moved)})


def _sees_all(request: HttpRequest) -> bool:
    return permissions.sees_all_teams(request.user)
