"""The admin's site: on every list, only the questions that the list itself offers.

Django lets whoever may see a list ask it anything about the rows, by any lookup, in the address:
``?control_id__regex=…`` keeps the database busy for hours. And any web page can make a signed-in
user's browser ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

LONGEST_SEARCH = 200  # characters
NUL = "\0"  # in no text of PostgreSQL, which takes a query with one for an error
NO_NUL = "The address holds a NUL character, which no text contains."
#: What Django raises of an address that it cannot turn into a query, and what a database raises
#: of a value that no row can have, such as a year with eleven digits.
NOT_UNDERSTOOD = (IncorrectLookupParameters, DataError, OverflowError, ValueError)


class OfferedOnly(ChangeList):
    """A list that answers what its filters, its dates and its search ask, and nothing else."""

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        not_taken = set(found[2])  # by any filter
        if self.date_hierarchy:
            not_taken -= {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        if not_taken:
            raise BadRequest(
                f"This list has no filter called {min(not_taken)[:60]!r}. Use those beside it."
            )
        return found


class Guarded(ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Refuses what a list does not offer with 400, whatever the model."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        own = super().get_changelist(request, **kwargs)
        return type(own.__name__, (OfferedOnly, own), {})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        if any(NUL in value for _, values in request.GET.lists() for value in values):
            raise BadRequest(NO_NUL)
        try:
            return super().get_changelist_instance(request)
        except NOT_UNDERSTOOD as error:
            raise BadRequest("A filter in the address is not understood.") from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) > LONGEST_SEARCH:
            raise BadRequest(f"A search has at most {LONGEST_SEARCH} characters.")
        if NUL in search_term:
            raise BadRequest(NO_NUL)
        return super().get_search_results(request, queryset, search_term)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Rows are named by their primary key alone: other columns need not be unique."""
        return to_field == self.opts.pk.name


class Site(AdminSite):
    """Django's site, whose every ModelAdmin is Guarded, those of other apps too."""

    site_header = site_title = "Earshot"
    index_title = "History and accounts"
    enable_nav_sidebar = False  # the lists need the width

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        own = admin_class or ModelAdmin
        guarded = type(own.__name__, (Guarded, own), {"__module__": own.__module__})
        super().register(model_or_iterable, guarded, **options)
