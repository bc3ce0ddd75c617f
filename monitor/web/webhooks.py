"""The webhook at a tap's status URL: verifies the raw body, parses it and records it."""

from __future__ import annotations

import re
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from monitor.adapters.carriers.signalwire import signature, status
from monitor.bus.process import this_process
from monitor.models import Tap
from monitor.services import tap_urls
from monitor.services.tap_status import record_status
from monitor.wire.body_limit import PathLimit

#: A tap's status has under 1 kB.
STATUS_LIMIT = PathLimit(re.compile(r"/tap/[^/]+/status"), 64 * 1024)


@csrf_exempt
@require_POST
def tap_status(request: HttpRequest, token: str) -> HttpResponse:
    """Record a status that was posted to ``/tap/<token>/status``.

    Answer 200 if the status is stored, now or before, 400 if the body is not a tap status, 403 if
    the signature is wrong, and 404 if there is no such tap. BodyLimit has already answered 413 to
    a body that is too large.
    """
    body = request.body
    if not _is_signed(request, body):
        return _refuse(HTTPStatus.FORBIDDEN, "signature is missing or wrong")
    tap_id = tap_urls.read("status", token)
    if tap_id is None:
        return _refuse(HTTPStatus.NOT_FOUND, "no such tap")
    try:
        stored = record_status(tap_id, status.parse(body))
    except status.BadReport as error:
        return _refuse(HTTPStatus.BAD_REQUEST, str(error))
    except Tap.DoesNotExist:
        return _refuse(HTTPStatus.NOT_FOUND, "no such tap")
    this_process().metrics.webhooks.add(1, "stored" if stored else "repeated")
    return JsonResponse({"stored": stored})


def _is_signed(request: HttpRequest, body: bytes) -> bool:
    """Return whether SignalWire signed the body. Without a signing key, nothing is verified."""
    keys = (settings.SIGNALWIRE_SIGNING_KEY, settings.SIGNALWIRE_SIGNING_KEY_PREVIOUS)
    if not any(keys):
        return True
    url = settings.PUBLIC_URL + request.get_full_path()
    return signature.is_signed(url, request.headers, body, filter(None, keys))


def _refuse(code: HTTPStatus, why: str) -> JsonResponse:
    this_process().metrics.webhooks.add(1, str(int(code)))
    return JsonResponse({"error": why}, status=code)
