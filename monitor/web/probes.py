"""The middleware that answers probes on the operator's network, which call us by IP address."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from monitor.web import health
from monitor.wire.client_address import parse_address, within

View = Callable[[HttpRequest], HttpResponse]

PROBES: dict[str, View] = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    "/metrics": health.metrics_page,
}


def middleware(get_response: View) -> View:
    """Answer probes before the host check, because their ``Host`` is this machine's address.

    Clients outside PROBE_NETWORKS get 404.
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
