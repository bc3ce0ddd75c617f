"""Logs in the admin which pages of the history are read, and which accounts are changed.

Django deletes its own log together with the user, so AdminAction rows are written instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from monitor.models import AdminAction, Call, LedgerKind
from monitor.services import ledger, stored_words

Kind = AdminAction.Kind

ACTIONS_ON_A_PAGE = 100


class Logged(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Writes an AdminAction for what is done in the admin, and shows an object's in its history."""

    object_history_template = "admin/action_history.html"

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> AdminAction:  # type: ignore[override]  # Django's would be a LogEntry
        return self.log(request, Kind.ADDED, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> AdminAction:  # type: ignore[override]  # as above
        return self.log(request, Kind.CHANGED, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> list[AdminAction]:  # type: ignore[override]  # as above
        return [self.log(request, Kind.DELETED, obj) for obj in queryset]

    def log(
        self, request: HttpRequest, kind: Kind, obj: Model | str, message: Any = ""
    ) -> AdminAction:
        """Record that the request's user did something to an object, or to what a text names.

        ``message`` is a text, or the list with which Django describes changed fields. The log
        is kept in English, and ``description`` translates it for its reader. An export is written
        into the ledger as well, and raises ledger.NotWritten if it cannot be.
        """
        with translation.override(settings.LANGUAGE_CODE):
            named = str(obj)[:200]
        if kind == Kind.EXPORTED:
            of: dict[str, Any] = {"list": self.opts.model_name, "rows": named}
            call_id = obj.call_id if isinstance(obj, Call) else ""
            ledger.append([ledger.by_request(request, LedgerKind.EXPORTED, call_id, **of)])
        return AdminAction.objects.create(
            user_id=request.user.pk,
            username=request.user.get_username(),
            kind=kind,
            content_type=ContentType.objects.get_for_model(self.model),
            object_id="" if isinstance(obj, str) else str(obj.pk),
            object_repr=named,
            message=_text(message),
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show Django's page of an object's history, with the rows of AdminAction."""
        actions = AdminAction.objects.filter(
            content_type=ContentType.objects.get_for_model(self.model),
            object_id=unquote(object_id),
        )
        paginator = self.get_paginator(request, actions.order_by("at"), ACTIONS_ON_A_PAGE)
        page = paginator.get_page(request.GET.get(PAGE_VAR, 1))
        for action in page:
            action.message = description(action)
        context = {
            "action_list": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "pagination_required": paginator.num_pages > 1,
            **(extra_context or {}),
        }
        return super().history_view(request, object_id, context)


def description(action: AdminAction) -> str:
    """Return what an action's row says about it, in the active language."""
    described = LogEntry(change_message=action.message).get_change_message()
    return stored_words.translate(described)


def _text(message: Any) -> str:
    """Return the text to keep of a message: Django's descriptions of changed fields as JSON."""
    return message if isinstance(message, str) else json.dumps(message)
