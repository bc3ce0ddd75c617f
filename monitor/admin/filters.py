"""The filters of the history's lists, none of which reads every row to be offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.audio.g711 import CODECS
from monitor.models import Agent, Call, Transport
from monitor.services import permissions

OFFERED = 200  # values of a filter, at most


class AgentFilter(admin.SimpleListFilter):
    """Filters by agent, and offers calls without one too."""

    title = _("agent")
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        agents = permissions.scope_of(request.user).agents
        known = _known_agents() if agents is None else sorted(agents)
        return [(agent, agent or gettext("none named")) for agent in known[:OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(agent=value)


def _known_agents() -> list[str]:
    """Return the names of the agents, of whom each has had a call, and first the empty one of the
    calls without an agent, if there are such calls."""
    names = Agent.objects.order_by("name").values_list("name", flat=True)
    unnamed = [""] if Call.objects.filter(agent="").exists() else []
    return [*unnamed, *names[:OFFERED]]


def values_of(rows: QuerySet[Any], column: str) -> Iterator[str]:
    """Yield the values that an indexed column has in these rows, in order.

    Each is found by one look-up in the index, because DISTINCT reads the values of all rows.
    """
    values = rows.order_by(column).values_list(column, flat=True)
    value = values.first()
    while value is not None:
        yield value
        value = values.filter(**{f"{column}__gt": value}).first()


class _ChoiceFilter(admin.SimpleListFilter):
    """Filters by a column of few known values, which need not be looked up."""

    choices_offered: list[tuple[str, str]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return self.choices_offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class CodecFilter(_ChoiceFilter):
    """Filters taps by codec."""

    title = _("codec")
    parameter_name = "codec"
    choices_offered = [(codec, codec) for codec in CODECS]


class TransportFilter(_ChoiceFilter):
    """Filters taps by transport."""

    title = _("transport")
    parameter_name = "transport"
    choices_offered = Transport.choices


class UserFilter(admin.RelatedFieldListFilter):
    """Filters by user, and offers those who have rows here.

    Django's own filter for related rows would join every row of the list.
    """

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        rows = model_admin.model.objects.filter(**{field.name: OuterRef("pk")}).order_by()
        own_rows = model_admin.in_scope(request, rows)
        users = get_user_model().objects.filter(Exists(own_rows)).order_by("username")
        return [(str(user.pk), str(user)) for user in users]


LISTENING = {"now": _("Now"), "ended": _("Ended")}


class ListeningFilter(admin.SimpleListFilter):
    """Filters listen sessions by whether they go on."""

    title = _("listening")
    parameter_name = "listening"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in LISTENING.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in LISTENING:
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "now")
