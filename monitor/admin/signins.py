"""Records of sign-ins and failed sign-ins. They are evidence, so nobody can change them here.

``manage.py prune`` deletes old ones.
"""

from __future__ import annotations

from typing import Any

from axes import admin as axes
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import ReadOnly
from monitor.admin.lists import HistoryList, HistoryPaginator
from monitor.admin.log import Logged
from monitor.admin.search import find_sign_ins

admin.site.unregister([AccessAttempt, AccessFailureLog, AccessLog])


class SignIns(ReadOnly, Logged):
    """A list whose search and count stay fast, as those of the history do."""

    paginator = HistoryPaginator
    show_full_result_count = False
    search_help_text = _("The beginning of a user name, or an IP address")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[HistoryList]:
        return HistoryList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        return (find_sign_ins(queryset, text) if text else queryset), False


@admin.register(AccessAttempt)
class AttemptAdmin(SignIns, axes.AccessAttemptAdmin):  # type: ignore[misc]  # axes has no types
    """The counts of failed sign-ins that the lock-out uses."""

    actions = None  # axes offers to delete rows

    @admin.display(description=_("status"))
    def status(self, attempt: AccessAttempt) -> str:
        left = settings.AXES_FAILURE_LIMIT - attempt.failures_since_start
        if left <= 0:
            return gettext("must wait")
        return ngettext("%(n)s more may fail", "%(n)s more may fail", left) % {"n": left}


@admin.register(AccessFailureLog)
class FailureAdmin(SignIns, axes.AccessFailureLogAdmin):  # type: ignore[misc]  # as above
    """The list of failed sign-ins."""


@admin.register(AccessLog)
class SignInAdmin(SignIns, axes.AccessLogAdmin):  # type: ignore[misc]  # as above
    """The list of sign-ins and sign-outs."""
