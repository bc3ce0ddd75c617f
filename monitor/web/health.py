"""``/healthz``, ``/readyz`` and ``/metrics``, for machines on the operator's network."""

from __future__ import annotations

from http import HTTPStatus

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from monitor.bus.metrics import read_metrics
from monitor.bus.process import this_process
from monitor.bus.redis import Unavailable, find_trouble
from monitor.services.ledger_state import chain_states
from monitor.telemetry.prometheus import LedgerCollector, ServiceCollector


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Show the metrics of all workers to Prometheus; 503 while Redis is away."""
    try:
        reported = read_metrics()
    except Unavailable:
        return HttpResponse("Redis gives no answer\n", "text/plain", HTTPStatus.SERVICE_UNAVAILABLE)
    registry = CollectorRegistry()
    registry.register(ServiceCollector(this_process().metrics, *reported))
    registry.register(_ledger())
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


def _ledger() -> LedgerCollector:
    """Return what is known of the ledger: nothing while the database does not answer."""
    try:
        states = chain_states()
    except DatabaseError:
        states = []
    return LedgerCollector(
        {state.chain: state.entries for state in states},
        {state.chain: state.age for state in states},
        [state.published for state in states if state.published],
    )


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the database answers and Redis takes writes, else 503 with the reason."""
    return _answer(_trouble())


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while new clients may be sent to this worker, else 503 with the reason."""
    if getattr(request, "scope", {}).get("draining"):  # tests' requests have no scope
        return _answer({"worker": "about to stop"})
    return _answer(_trouble())


def _trouble() -> dict[str, str]:
    """Return what a worker needs and does not have, with the reasons."""
    trouble = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        trouble["database"] = "no answer"
    if said := find_trouble():
        trouble["redis"] = said
    return trouble


def _answer(trouble: dict[str, str]) -> JsonResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
    return JsonResponse({"ok": not trouble, **trouble}, status=status)
