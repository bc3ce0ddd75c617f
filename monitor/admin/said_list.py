"""The list of calls for users who may read what was said, with a second search by that."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from monitor.admin.lists import HistoryList
from monitor.admin.search import find_said, scan_said
from monitor.models import encryption
from monitor.services.word_scan import Scan

SAID = "said"  # the parameter with the words
MAX_TYPED = 200  # characters that are looked for


def typed(request: HttpRequest) -> str:
    """Return the words that a request looks for."""
    return request.GET.get(SAID, "").strip()[:MAX_TYPED]


class SaidList(HistoryList):
    """A list of calls in which certain words were said, if any are looked for."""

    said = ""
    scan: Scan | None = None  # how far a search looked that no index answers

    def get_queryset(self, request: HttpRequest, *args: Any) -> QuerySet[Any]:
        self.said = typed(request)
        rows = super().get_queryset(request, *args)
        if not self.said:
            return rows
        if not encryption.may_be_there():
            return find_said(rows, self.said)
        found, self.scan = scan_said(rows, self.said)
        return found

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out the words, which are no filter of Django's kind."""
        filters = super().get_filters_params(params)
        return {name: value for name, value in filters.items() if name != SAID}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.said:
            self.date_hierarchy = None  # as for any other search
