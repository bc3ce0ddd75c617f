"""The admin's site, whose lists answer only the queries that they offer.

In Django, whoever may see a list may query it by any lookup in the address:
``?control_id__regex=…`` keeps the database busy for hours. Any web page can make the browser of a
signed-in user open such an address.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin, site
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

LONGEST_SEARCH = 200  # characters
NUL = "\0"  # PostgreSQL stores none, and raises an error for a query with one
NO_NUL = _("The address holds a NUL character, which no text contains.")
#: What Django raises when it cannot turn an address into a query, and what a database raises for
#: a value that no row can have, such as a year with eleven digits.
NOT_UNDERSTOOD = (IncorrectLookupParameters, DataError, OverflowError, ValueError)


class OfferedOnly(ChangeList):
    """A list that accepts only its filters, its dates and its search in the address."""

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        not_taken = set(found[2])  # parameters that no filter has taken
        if self.date_hierarchy:
            not_taken -= {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        if not_taken:
            # It does not name one, because Django logs this, and it may be somebody's number.
            raise BadRequest(_("The address has a filter that this list does not offer."))
        return found


class Guarded(ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Answers 400 to a query that the list of any model does not offer."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        own = super().get_changelist(request, **kwargs)
        return type(own.__name__, (OfferedOnly, own), {})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        if any(NUL in value for _, values in request.GET.lists() for value in values):
            raise BadRequest(NO_NUL)
        try:
            return super().get_changelist_instance(request)
        except NOT_UNDERSTOOD as error:
            raise BadRequest(
                _("A filter in the address has a value that cannot be used.")
            ) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) > LONGEST_SEARCH:
            raise BadRequest(_("A search has at most %(n)s characters.") % {"n": LONGEST_SEARCH})
        if NUL in search_term:
            raise BadRequest(NO_NUL)
        return super().get_search_results(request, queryset, search_term)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow only the primary key to name a row, because other columns need not be unique."""
        return to_field == self.opts.pk.name


def for_templates(request: HttpRequest) -> dict[str, Any]:
    """Return what every template finds in its context: whether there is anything in the admin for
    its reader. It is asked when a template asks."""

    def opens_admin() -> bool:
        return site.has_permission(request) and bool(site.get_app_list(request))

    return {"opens_admin": opens_admin}


class Site(AdminSite):
    """Django's site with a Guarded form of every ModelAdmin, also those of other apps."""

    site_header = site_title = "Earshot"
    index_title = _("History and accounts")
    enable_nav_sidebar = False  # the lists need the width

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send whoever is signed out to the page on which all users sign in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        next_page = request.GET.get(REDIRECT_FIELD_NAME, reverse("admin:index"))
        return redirect_to_login(next_page)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        own = admin_class or ModelAdmin
        guarded = type(own.__name__, (Guarded, own), {"__module__": own.__module__})
        super().register(model_or_iterable, guarded, **options)
