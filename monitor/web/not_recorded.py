"""The middleware that refuses what the listening ledger took no entry about."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from monitor.services import ledger

logger = logging.getLogger(__name__)


class NotRecorded(MiddlewareMixin):
    """Answers 503, with a page that says so, where a page's view raises ledger.NotWritten."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ledger.NotWritten):
            return None
        logger.error("refused, because the ledger took no entry", exc_info=exception)
        return render(request, "503.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
