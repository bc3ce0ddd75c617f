"""SignalWire's webhooks: the state of a tap, and what is said and done in a call."""

from __future__ import annotations

import base64
import datetime
import hmac
import re
from http import HTTPStatus

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from monitor.adapters.agents.own_webhook import Answer, Outcome, own_webhook
from monitor.adapters.carriers.signalwire import signature, status, words
from monitor.adapters.carriers.signalwire.json_body import BadReport
from monitor.bus.process import this_process
from monitor.models import Tap
from monitor.services import call_events, event_urls, tap_urls
from monitor.services.tap_status import record_status
from monitor.wire.body_limit import MIB, PathLimit
from monitor.wire.call_report import CallReport
from monitor.wire.own_post import OwnPost

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
    """Record what was posted to ``/calls/<token>/events`` or ``/calls/<token>/summary``, and pass
    it on to the agent's own URL, if the token has one.

    Answer 200 with how many events are new, 400 if the body makes no sense, 401 without the login
    that the URL had, 404 if the token is unknown, 409 if the call has too many events, and 413 for
    an event that is too large. SignalWire is not known to sign these posts, so no signature is
    asked for.
    """
    if event_urls.needs_login() and not _has_login(request):
        answer = _refuse_post(HTTPStatus.UNAUTHORIZED, "login is missing or wrong")
        answer["WWW-Authenticate"] = "Basic"
        return answer
    told = event_urls.read(purpose, token)
    if told is None:
        return _refuse_post(HTTPStatus.NOT_FOUND, "no agent has this token")
    report, error = _parsed(purpose, request.body)
    if told.own_url:
        post = OwnPost(
            told.own_url,
            request.body,
            request.headers.get("Content-Type", ""),
            report.call_id if report else "",
            is_record=purpose == "summary",
        )
        if not report and not error:
            return _relayed(post)
        # What we cannot read is the agent's business all the same.
        this_process().outgoing.put(post)
    if error:
        too_large = isinstance(error, words.TooLarge)
        code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST
        return _refuse_post(code, str(error))
    return _stored(told.agent, report, _arrival(request))


def _parsed(purpose: event_urls.Purpose, body: bytes) -> tuple[CallReport | None, BadReport | None]:
    """Return what a body tells, or why it cannot be read; neither, if it only asks something."""
    parse = words.parse_events if purpose == "events" else words.parse_summary
    try:
        return parse(body), None
    except BadReport as error:
        return None, error


def _stored(
    agent: str, report: CallReport | None, arrived_at: datetime.datetime | None
) -> HttpResponse:
    try:
        stored = call_events.record(agent, report, arrived_at) if report else 0
    except call_events.TooMany as error:
        return _refuse_post(HTTPStatus.CONFLICT, str(error))
    metrics = this_process().metrics
    metrics.call_posts.add(1, "stored" if stored else "repeated" if report else "ignored")
    if report and stored:
        metrics.call_events.add(stored, report.source)
    return JsonResponse({"stored": stored})


def _relayed(question: OwnPost) -> HttpResponse:
    """Answer SignalWire's question for a conversation of before as the agent's own URL does.

    Only the agent knows the answer, so this is the one post that waits for it.
    """
    this_process().metrics.call_posts.add(1, "ignored")
    answer = async_to_sync(_ask)(question)
    if answer.outcome is Outcome.TAKEN:
        return HttpResponse(answer.body, content_type="application/json")
    return JsonResponse({"stored": 0})


async def _ask(question: OwnPost) -> Answer:
    async with own_webhook(settings.SIGNALWIRE_SIGNING_KEY) as webhook:
        return await webhook.send(question)


def _arrival(request: HttpRequest) -> datetime.datetime | None:
    """Return when a request came, if its server told that."""
    arrived_at: datetime.datetime | None = getattr(request, "scope", {}).get("arrived_at")
    return arrived_at


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
