"""``/healthz`` and ``/metrics``: for machines of the operator's network, which ask by address."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from . import views
from .client_address import parse_address, within

View = Callable[[HttpRequest], HttpResponse]

PROBES: dict[str, View] = {"/healthz": views.healthz, "/metrics": views.metrics_page}


def middleware(get_response: View) -> View:
    """Answer a probe before the host check: ``Host`` is then the address of this machine.

    Outside of PROBE_NETWORKS there is no such page.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return get_response(request)
        if not within(
            parse_address(request.META.get("REMOTE_ADDR") or ""), settings.PROBE_NETWORKS
        ):
            raise Http404("no such page")
        return probe(request)

    return answer
