"""SignalWire's webhooks: the state of a tap, and what is said and done in a call."""

from __future__ import annotations

import base64
import hmac
import re
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from monitor.adapters.carriers.signalwire import signature, status, words
from monitor.adapters.carriers.signalwire.json_body import BadReport
from monitor.bus.process import this_process
from monitor.models import Tap
from monitor.services import call_events, event_urls, tap_urls
from monitor.services.tap_status import record_status
from monitor.wire.body_limit import MIB, PathLimit
from monitor.wire.call_report import CallReport

#: A tap's status has under 1 kB.
STATUS_LIMIT = PathLimit(re.compile(r"/tap/[^/]+/status"), 64 * 1024)
#: The record of a long call has some 100 kB.
CALL_LIMIT = PathLimit(re.compile(r"/calls/[^/]+/(events|summary)"), MIB)


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
    except BadReport as error:
        return _refuse(HTTPStatus.BAD_REQUEST, str(error))
    except Tap.DoesNotExist:
        return _refuse(HTTPStatus.NOT_FOUND, "no such tap")
    this_process().metrics.webhooks.add(1, "stored" if stored else "repeated")
    return JsonResponse({"stored": stored})


@csrf_exempt
@require_POST
def call_posts(request: HttpRequest, token: str, purpose: event_urls.Purpose) -> HttpResponse:
    """Record what was posted to ``/calls/<token>/events`` or ``/calls/<token>/summary``.

    Answer 200 with how many events are new, 400 if the body makes no sense, 401 without the login
    that the URL had, 404 if the token is unknown, 409 if the call has too many events, and 413 for
    an event that is too large. SignalWire is not known to sign these posts, so no signature is
    asked for.
    """
    if event_urls.needs_login() and not _has_login(request):
        answer = _refuse_post(HTTPStatus.UNAUTHORIZED, "login is missing or wrong")
        answer["WWW-Authenticate"] = "Basic"
        return answer
    agent = event_urls.read(purpose, token)
    if agent is None:
        return _refuse_post(HTTPStatus.NOT_FOUND, "no agent has this token")
    parse = words.parse_events if purpose == "events" else words.parse_summary
    try:
        report: CallReport | None = parse(request.body)
        stored = call_events.record(agent, report) if report else 0
    except words.TooLarge as error:
        return _refuse_post(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
    except BadReport as error:
        return _refuse_post(HTTPStatus.BAD_REQUEST, str(error))
    except call_events.TooMany as error:
        return _refuse_post(HTTPStatus.CONFLICT, str(error))
    metrics = this_process().metrics
    metrics.call_posts.add(1, "stored" if stored else "repeated" if report else "ignored")
    if report and stored:
        metrics.call_events.add(stored, report.source)
    return JsonResponse({"stored": stored})


def _has_login(request: HttpRequest) -> bool:
    """Return whether a request has the login that SignalWire was given."""
    login = f"{settings.SWML_BASIC_AUTH_USER}:{settings.SWML_BASIC_AUTH_PASSWORD}".encode()
    expected = b"Basic " + base64.b64encode(login)
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected)


def _refuse_post(code: HTTPStatus, why: str) -> JsonResponse:
    this_process().metrics.call_posts.add(1, str(int(code)))
    return JsonResponse({"error": why}, status=code)


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
