"""The admin's log, as a list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import HistoryAdmin
from monitor.admin.columns import UserColumn, moment
from monitor.admin.filters import UserFilter
from monitor.admin.log import description
from monitor.admin.search import find_actions
from monitor.models import AdminAction
from monitor.services import permissions

#: What is not about calls.
ACCOUNTS = (User, Group)


@admin.register(AdminAction)
class AdminActionAdmin(UserColumn, HistoryAdmin):
    """The admin's log: which history was read or exported, and what was changed, by whom."""

    list_display = ("when", "who", "kind", "content_type", "object_repr", "details")
    list_filter = ("at", "kind", ("user", UserFilter))
    date_hierarchy = "at"
    has_callers = False
    search_fields = ("username",)
    find = staticmethod(find_actions)
    search_help_text = _(
        "The beginning of a user name, or of the name or ID of what was looked at or changed"
    )
    fields = ("when", "who", "kind", "content_type", "object_repr", "object_id", "details")
    readonly_fields = ("when", "who", "details")
    nothing_yet = _("Nobody has looked at anything yet.")

    def in_scope(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what was done to the history, for whoever does not see all of that: the rows
        name calls and what they were filtered by."""
        if permissions.sees_all_teams(request.user):
            return rows
        kept = [ContentType.objects.get_for_model(model) for model in ACCOUNTS]
        return rows.filter(content_type__in=kept)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("content_type")

    @admin.display(description=_("time"), ordering="at")
    def when(self, action: AdminAction) -> SafeString:
        return moment(action.at)

    @admin.display(description=_("details"))
    def details(self, action: AdminAction) -> str:
        return description(action)
