"""Who did what in the admin, reading the history and exporting it included."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from .base import LOOKED_AT, HistoryAdmin
from .lists import moment


@admin.register(LogEntry)
class LogEntryAdmin(HistoryAdmin):
    """The admin's own log, as a list."""

    list_display = ("at", "user", "what", "content_type", "object_repr")
    list_filter = ("action_time", ("user", admin.RelatedOnlyFieldListFilter))
    date_hierarchy = "action_time"
    search_fields = ("user__username", "object_repr", "object_id")
    search_help_text = "User name, or the name or ID of what was looked at or changed"
    fields = ("at", "user", "what", "content_type", "object_repr", "object_id")
    readonly_fields = ("at", "what")
    nothing_yet = "Nobody has looked at anything yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "content_type")

    @admin.display(description="at (UTC)", ordering="action_time")
    def at(self, entry: LogEntry) -> SafeString:
        return moment(entry.action_time)

    @admin.display(description="what")
    def what(self, entry: LogEntry) -> str:
        if entry.action_flag == LOOKED_AT:
            return entry.change_message
        return f"{entry.get_action_flag_display()}: {entry.get_change_message()}"
