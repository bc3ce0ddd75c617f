"""Who did what in the admin, as a list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..models import AdminAction
from .base import HistoryAdmin, NamesAUser
from .lists import UserFilter, moment
from .search import find_actions


@admin.register(AdminAction)
class AdminActionAdmin(NamesAUser, HistoryAdmin):
    """The admin's log: the history that was read and exported, and every change."""

    list_display = ("when", "who", "kind", "content_type", "object_repr", "message")
    list_filter = ("at", "kind", ("user", UserFilter))
    date_hierarchy = "at"
    search_fields = ("username",)
    find = staticmethod(find_actions)
    search_help_text = "User name, name or ID of what was looked at or changed, or how they begin"
    fields = ("when", "who", "kind", "content_type", "object_repr", "object_id", "message")
    readonly_fields = ("when", "who")
    nothing_yet = "Nobody has looked at anything yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("content_type")

    @admin.display(description="at (UTC)", ordering="at")
    def when(self, action: AdminAction) -> SafeString:
        return moment(action.at)
