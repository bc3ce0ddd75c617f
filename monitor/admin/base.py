"""The lists and pages of the history: what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from monitor.admin import search
from monitor.admin.export import Sheet, download
from monitor.admin.lists import HistoryList, HistoryPaginator, HistoryRows
from monitor.admin.log import Kind, Logged
from monitor.admin.said_list import SAID
from monitor.services import permissions, refusals

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class ReadOnly:
    """Lets nobody add, change or delete rows, because they are evidence."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyHistory(ReadOnly):
    """Shows rows to the users who have the permission to view their model."""

    opts: Options[Any]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")


class PartOfCall(ReadOnlyHistory):
    """Shows rows to the users who may read the history of the calls that they are part of."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return permissions.may_read_history(request.user)


class HistoryAdmin(ReadOnlyHistory, Logged):
    """A read-only list that stays fast, and that logs who reads a row's page or an export."""

    change_list_template = "admin/history_list.html"
    list_per_page = 50
    paginator = HistoryPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a second and more on 100,000 rows
    empty_value_display = "–"
    sheet: Sheet | None = None
    nothing_yet: StrPromise | str = ""
    find: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = (
        None  # the rows that a search finds
    )
    agent_path = ""  # from the listed rows to those that have the agent
    has_callers = True  # its rows are calls, or are read with their calls

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = HistoryRows(self.model).order_by(*self.model._meta.ordering)
        if self.has_callers and not permissions.sees_full_numbers(request.user):
            rows = rows.masked()
        return self.in_scope(request, rows)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return a row that the user may know of. That another one was asked for is recorded."""
        found = super().get_object(request, object_id, from_field)
        if found is None and self._is_there(object_id):
            refusals.page(request, f"{self.opts.model_name} {object_id}"[:100], "team")
        return found

    def _is_there(self, object_id: str) -> bool:
        try:
            key = self.opts.pk.to_python(object_id)
        except ValidationError:
            return False
        return bool(self.model._default_manager.filter(pk=key).exists())

    def in_scope(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the rows that the request's user may know of."""
        return search.in_scope(rows, permissions.scope_of(request.user), self.agent_path)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[HistoryList]:
        return HistoryList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if self.find and text:
            return self.find(queryset, text), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_export = permissions.may_export(request.user)
        more = extra_context or {}
        context = {"nothing_yet": self.nothing_yet, "may_export": may_export, **more}
        if self.sheet and may_export:
            context["export_url"] = reverse(f"admin:{self._url_name()}")
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        self.log(request, Kind.LOOKED_AT, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        if self.sheet is None:
            return urls
        view = self.admin_site.admin_view(require_safe(self.export))
        return [path("export.csv", view, name=self._url_name()), *urls]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send all rows that the filters in force find, as CSV."""
        if self.sheet is None:
            raise PermissionDenied
        self.check_exporter(request)
        rows = self.get_changelist_instance(request).queryset
        self.log(request, Kind.EXPORTED, filters_of(request))
        return download(self.sheet, rows)

    def check_exporter(self, request: HttpRequest) -> None:
        """Refuse users who may not see these rows, or may not save them."""
        if not (self.has_view_permission(request) and permissions.may_export(request.user)):
            raise PermissionDenied

    def _url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"


def filters_of(request: HttpRequest) -> str:
    """Describe the filters of an export, and whether there was a search.

    The text of the search is left out: a number or name that somebody looked for would outlive
    the calls that it was found in.
    """
    filters = request.GET.copy()
    searched = any([*filters.pop(SEARCH_VAR, [""]), *filters.pop(SAID, [""])])
    named = filters.urlencode() or "all"
    return f"{named}, and a search" if searched else named


class HistoryInline(ReadOnlyHistory, admin.TabularInline):  # type: ignore[type-arg]  # no generic at run time
    """Rows on the page of the row that they belong to."""

    extra = 0
    can_delete = False
