"""Who may do what: every route, for everybody in the cast.

A supervisor of another team is answered as if the call were not there. A route without a row here
fails the test, so whoever adds one must say who may use it.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from pytest_django import Settings

from monitor.models import (
    AdminAction,
    Agent,
    CallOrder,
    LedgerEntry,
    LedgerKind,
    ListenSession,
    OrderKind,
    Tap,
    Team,
)
from monitor.services import tap_urls, taps
from tests.support.asking import Row, answer, client_of, routes
from tests.support.provider import Provider
from tests.support.rows import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("given_back")]

#: What names the call of the team Sales. A page that has any of it tells of the call.
SECRETS = ("call-of-sales", "sales-desk", "+15550001", "Ann Lee", "the parcel")
#: The order of the answers in each row: alice supervises the team of the call, and bob another
#: one; charlie has no right at all, dora is a superuser, erin is an auditor, who may read the
#: ledger and nothing else; and nobody is signed out.
CAST = ("alice", "bob", "charlie", "dora", "erin", "nobody")

#: 200+ tells of the call, and 200 does not.
PUBLIC = "200 200 200 200 200 200"
ABOUT_THE_CALL = "200+ 404 403 200+ 403 302"
SCRIPTS = "200+ 404 403 200+ 403 401"
ORDERS = "409 404 403 409 403 403"
ONLY_DORA = "403 403 302 200 403 302"
NOT_EVEN_DORA = "403 403 302 403 403 302"
TELLS_DORA = "403 403 302 200+ 403 302"
HISTORY = "200+ 200 302 200+ 403 302"
ROW_OF_HISTORY = "200+ 302 302 200+ 403 302"
FOR_WHO_SEES_ALL = "200 200 302 200+ 403 302"
ROW_OF_ALL = "302 302 302 200+ 403 302"
FOR_AUDITORS = "403 403 302 200 200 302"
TELLS_AUDITORS = "403 403 302 200+ 200+ 302"
# Django looks for a row before it asks for the permission to see the log about it.
LOG_OF_ROW = "200+ 302 302 200+ 302 302"
LOG_OF_ALL = "302 302 302 200+ 302 302"
NAMELESS = "200 302 302 200 302 302"
IN_THE_ADMIN = "200 200 302 200 200 302"
NO_RECORD = "403 403 302 302 403 302"
DETOUR = "302 302 302 302 302 302"
PASSWORD_FIRST = "403 403 403 403 403 302"
NO_PASSWORD = "401 401 401 401 401 401"


def pages_of(
    model: str, listed: str, add: str, history: str, delete: str, change: str
) -> dict[str, Row]:
    """Return the rows of the pages that the admin has for a model."""
    at, name = f"admin/{model}/", f"{{{model.split('/')[1]}}}"
    return {
        at: Row(f"/{at}", listed),
        f"{at}add/": Row(f"/{at}add/", add),
        f"{at}<path:object_id>/history/": Row(f"/{at}{name}/history/", history),
        f"{at}<path:object_id>/delete/": Row(f"/{at}{name}/delete/", delete),
        f"{at}<path:object_id>/change/": Row(f"/{at}{name}/change/", change),
        f"{at}<path:object_id>/": Row(f"/{at}{name}/", DETOUR),
    }


def evidence(model: str, listed: str, history: str, change: str) -> dict[str, Row]:
    """Return the rows of a model of whose rows nobody adds or deletes any."""
    return pages_of(model, listed, NOT_EVEN_DORA, history, NOT_EVEN_DORA, change)


def managed(model: str) -> dict[str, Row]:
    """Return the rows of accounts, which only dora manages."""
    return pages_of(model, *[ONLY_DORA] * 5)


TABLE: dict[str, Row] = {
    "": Row("/", "200 200 200 200 200 302"),
    "calls/<int:call_id>": Row("/calls/{call}", ABOUT_THE_CALL),
    "calls/<int:call_id>/deck": Row("/calls/{call}/deck", ABOUT_THE_CALL),
    "calls/<int:call_id>/timeline": Row("/calls/{call}/timeline", SCRIPTS),
    "calls/<int:call_id>/words": Row("/calls/{call}/words", SCRIPTS),
    "calls/<int:call_id>/start": Row("/calls/{call}/start", ORDERS, post=True),
    "calls/<int:call_id>/stop": Row("/calls/{call}/stop", "202 404 403 409 403 403", post=True),
    "calls/<int:call_id>/pause": Row("/calls/{call}/pause", "202 404 403 202 403 403", post=True),
    "calls/<int:call_id>/resume": Row("/calls/{call}/resume", ORDERS, post=True),
    # The post of the table has no reason in it.
    "calls/<int:call_id>/reason": Row("/calls/{call}/reason", "400 404 403 400 403 403", post=True),
    "taps/<uuid:tap_id>": Row("/taps/{tap}", "302 404 403 302 403 302"),
    "login": Row("/login", "302 302 302 302 302 200"),
    "logout": Row("/logout", DETOUR, post=True),
    "login/second-factor": Row("/login/second-factor", DETOUR),
    # Before a second factor is changed, users type their password. The cast has none.
    "password/confirm": Row("/password/confirm", PASSWORD_FIRST),
    "second-factor": Row("/second-factor", "200 200 200 200 200 302"),
    "second-factor/app": Row("/second-factor/app", PASSWORD_FIRST),
    "second-factor/app/remove": Row("/second-factor/app/remove", "404 404 404 404 404 302"),
    "second-factor/key": Row("/second-factor/key", PASSWORD_FIRST),
    "second-factor/key/<int:pk>/remove": Row("/second-factor/key/1/remove", PASSWORD_FIRST),
    "second-factor/codes": Row("/second-factor/codes", "404 404 404 404 404 302"),
    "second-factor/codes/new": Row("/second-factor/codes/new", PASSWORD_FIRST),
    "password/reset": Row("/password/reset", PUBLIC),
    "password/reset/sent": Row("/password/reset/sent", PUBLIC),
    "password/choose/<uidb64>/<token>": Row("/password/choose/Mg/x-y", PUBLIC),
    "password": Row("/password", "200 200 200 200 200 302"),
    "password/changed": Row("/password/changed", "200 200 200 200 200 302"),
    "words/<str:language>-<str:digest>.js": Row("/words/es-0.js", PUBLIC),
    "listened": Row("/listened", "200 200 200 200 200 302"),
    "settings": Row("/settings", "400 400 400 400 400 403", post=True),
    # SignalWire's, whose tokens open them, and nothing else.
    "tap/<str:token>/status": Row("/tap/x/status", "403 403 403 403 403 403", post=True),
    "calls/<str:token>/events": Row("/calls/x/events", NO_PASSWORD, post=True),
    "calls/<str:token>/summary": Row("/calls/x/summary", NO_PASSWORD, post=True),
    "admin": Row("/admin", DETOUR),
    "admin/": Row("/admin/", IN_THE_ADMIN),
    "admin/login/": Row("/admin/login/", "302 302 403 302 302 302"),
    "admin/logout/": Row("/admin/logout/", "302 302 302 302 302 302", post=True),
    "admin/password_change/": Row("/admin/password_change/", DETOUR),
    "admin/password_change/done/": Row("/admin/password_change/done/", IN_THE_ADMIN),
    "admin/autocomplete/": Row("/admin/autocomplete/", "403 403 302 403 403 302"),
    "admin/jsi18n/": Row("/admin/jsi18n/", IN_THE_ADMIN),
    "admin/r/<path:content_type_id>/<path:object_id>/": Row(
        "/admin/r/{tap_type}/{tap}/", "404 404 302 404 404 302"
    ),
    "admin/^(?P<app_label>auth|monitor|axes)/$": Row("/admin/monitor/", IN_THE_ADMIN),
    "admin/(?P<url>.*)$": Row("/admin/nothing", "404 404 302 404 404 302"),
    "admin/auth/user/<id>/password/": Row("/admin/auth/user/{user}/password/", ONLY_DORA),
    **managed("auth/user"),
    **managed("auth/group"),
    **pages_of("monitor/team", ONLY_DORA, TELLS_DORA, ONLY_DORA, ONLY_DORA, TELLS_DORA),
    **pages_of("monitor/agent", TELLS_DORA, ONLY_DORA, TELLS_DORA, TELLS_DORA, TELLS_DORA),
    **evidence("monitor/call", HISTORY, LOG_OF_ROW, ROW_OF_HISTORY),
    "admin/monitor/call/<int:call_id>/vcon/": Row(
        "/admin/monitor/call/{call}/vcon/", "200+ 404 302 200+ 403 302"
    ),
    "admin/monitor/call/words.<str:ending>": Row("/admin/monitor/call/words.csv", HISTORY),
    **evidence("monitor/tap", HISTORY, NAMELESS, ROW_OF_HISTORY),
    "admin/monitor/tap/export.csv": Row("/admin/monitor/tap/export.csv", HISTORY),
    **evidence("monitor/listensession", HISTORY, NAMELESS, ROW_OF_HISTORY),
    "admin/monitor/listensession/export.csv": Row(
        "/admin/monitor/listensession/export.csv", HISTORY
    ),
    **evidence("monitor/callorder", HISTORY, NAMELESS, ROW_OF_HISTORY),
    # What was done to the history is told to those only who see all calls.
    **evidence("monitor/adminaction", FOR_WHO_SEES_ALL, LOG_OF_ALL, ROW_OF_ALL),
    **evidence("monitor/ledgerentry", TELLS_AUDITORS, FOR_AUDITORS, TELLS_AUDITORS),
    "admin/monitor/ledgerentry/export.csv": Row(
        "/admin/monitor/ledgerentry/export.csv", TELLS_AUDITORS
    ),
    "admin/monitor/ledgerentry/listened/": Row(
        "/admin/monitor/ledgerentry/listened/?call=call-of-sales", TELLS_AUDITORS
    ),
    "admin/monitor/ledgerentry/listened.<str:ending>": Row(
        "/admin/monitor/ledgerentry/listened.csv?call=call-of-sales", TELLS_AUDITORS
    ),
    # There is no record of a sign-in of the id that is asked for.
    **evidence("axes/accessattempt", ONLY_DORA, DETOUR, NO_RECORD),
    **evidence("axes/accessfailurelog", ONLY_DORA, DETOUR, NO_RECORD),
    **evidence("axes/accesslog", ONLY_DORA, DETOUR, NO_RECORD),
}

#: The routes that are there only where users sign in with an identity provider.
OF_PROVIDER: dict[str, Row] = {
    "login/provider": Row("/login/provider", DETOUR),
    # Nobody of the cast has begun to sign in there.
    "login/provider/callback": Row("/login/provider/callback", "400 400 400 400 400 400"),
}


@pytest.fixture(autouse=True)
def _set_up(settings: Settings) -> None:
    """Calls can be tapped again."""
    settings.SIGNALWIRE_SPACE = settings.SIGNALWIRE_PROJECT_ID = settings.SIGNALWIRE_API_TOKEN = "x"


def enter() -> LedgerEntry:
    """Write into the ledger that somebody listened to the call."""
    kind = LedgerKind.LISTEN_BEGAN
    return LedgerEntry.objects.create(
        chain="one", number=1, at=NOW, kind=kind, call_id="call-of-sales"
    )


@pytest.fixture
def named(sales_call: Tap, cast: dict[str, User | None]) -> dict[str, Any]:
    """What stands for the places in a row's path."""
    alice = cast["alice"]
    assert alice
    listen = ListenSession.objects.create(
        tap=sales_call, agent=sales_call.agent, user=alice, username="alice", started_at=NOW
    )
    order = CallOrder.objects.create(
        call=sales_call.call,
        tap=sales_call,
        kind=OrderKind.START,
        asked_by=alice,
        username="alice",
        done_at=NOW,
    )
    action = AdminAction.objects.create(
        user=cast["dora"],
        username="dora",
        kind=AdminAction.Kind.LOOKED_AT,
        content_type=ContentType.objects.get_for_model(sales_call.call),
        object_id=str(sales_call.call_id),
        object_repr="call-of-sales",
    )
    return {
        "call": sales_call.call_id,
        "tap": sales_call.pk,
        "tap_type": ContentType.objects.get_for_model(Tap).pk,
        "user": User.objects.get(username="charlie").pk,
        "group": Group.objects.get(name="Supervisors").pk,
        "team": Team.objects.get(name="Sales").pk,
        "agent": Agent.objects.get(name="sales-desk").pk,
        "listensession": listen.pk,
        "callorder": order.pk,
        "ledgerentry": enter().pk,
        "adminaction": action.pk,
        "accessattempt": 0,
        "accessfailurelog": 0,
        "accesslog": 0,
    }


def told(status: int, body: str) -> str:
    """Return an answer as the table has it."""
    tells = any(secret in body for secret in SECRETS)
    return f"{status}{'+' if tells else ''}"


def test_every_route_has_a_row() -> None:
    assert set(routes()) == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_each_of_the_cast_is_answered(
    route: str, cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    row = TABLE[route]
    answers = [told(*answer(client_of(cast[name]), row, named)) for name in CAST]
    assert " ".join(answers) == row.answers


def test_every_route_of_the_provider_has_a_row(provider: Provider) -> None:
    assert set(routes()) == {*TABLE, *OF_PROVIDER}


@pytest.mark.parametrize("route", OF_PROVIDER)
def test_each_of_the_cast_is_answered_where_there_is_a_provider(
    route: str, cast: dict[str, User | None], provider: Provider
) -> None:
    row = OF_PROVIDER[route]
    answers = [told(*answer(client_of(cast[name]), row, {})) for name in CAST]
    assert " ".join(answers) == row.answers


ABOUT = ("call", "tap", "listensession", "callorder", "adminaction")


@pytest.mark.parametrize(
    "route",
    [route for route, row in TABLE.items() if any(f"{{{name}}}" in row.path for name in ABOUT)],
)
def test_a_call_of_another_team_is_answered_as_one_that_does_not_exist(
    route: str, cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    row, bob = TABLE[route], client_of(cast["bob"])
    gone = {name: uuid.uuid4() if name == "tap" else 987_654 for name in ABOUT}
    unknown = {**named, **gone}
    theirs, none = (
        _alike(answer(bob, row, ids), row.path.format(**ids)) for ids in (named, unknown)
    )
    assert theirs == none


def test_a_search_finds_what_is_the_teams_own_whatever_others_have(
    cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    """The number of one call is the beginning of the ID of another, which is looked for first."""
    taps.open_tap("+15550001", agent="support-desk")
    alice = client_of(cast["alice"])
    _, body = answer(alice, Row("/admin/monitor/call/?q=%2B15550001", ""), named)
    assert "call-of-sales" in body


def test_filters_offer_what_the_teams_own_calls_have(
    cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    for model, others in (("call", "sales-desk"), ("listensession", "alice")):
        _, body = answer(client_of(cast["bob"]), Row(f"/admin/monitor/{model}/", ""), named)
        assert others not in body


@pytest.mark.parametrize("route", [route for route, row in TABLE.items() if not row.post])
def test_no_page_has_a_token_of_a_tap(
    route: str, cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    """Not even one of those that dora sees, who sees everything."""
    purposes: tuple[tap_urls.Purpose, ...] = ("media", "status")
    tokens = [tap_urls.make(one, named["tap"]).partition(".")[2] for one in purposes]
    _, body = answer(client_of(cast["dora"]), TABLE[route], named)
    assert not [token for token in tokens if token in body]


def test_who_is_in_no_team_is_told_so(cast: dict[str, User | None]) -> None:
    notice = "you are in no team with agents yet"
    pages = {name: client_of(cast[name]).get("/").content.decode() for name in ("bob", "erin")}
    assert [notice in page for page in pages.values()] == [False, True]


#: The number of the call of Sales, and what is left of it for whoever may not see it.
NUMBER, MASKED = "5550001", "•••0001"
#: The routes that tell the number to whoever may see it, and a masked one to others. A vCon leaves
#: out the number of a telephone that is masked, and has that in the caller's name.
TELL_NUMBER = {
    "calls/<int:call_id>",
    "calls/<int:call_id>/deck",
    *(f"admin/monitor/{model}/" for model in ("call", "tap", "listensession")),
    "admin/monitor/call/<path:object_id>/change/",
    "admin/monitor/call/<int:call_id>/vcon/",
    "admin/monitor/tap/<path:object_id>/change/",
    "admin/monitor/tap/export.csv",
    "admin/monitor/listensession/<path:object_id>/change/",
    "admin/monitor/listensession/export.csv",
}


def test_no_route_tells_a_number_to_whoever_may_not_see_it(
    sales_call: Tap, cast: dict[str, User | None], named: dict[str, Any]
) -> None:
    sales_call.call.caller_name = f"Ann Lee +1{NUMBER}"
    sales_call.call.save()
    sales_call.events.create(new=sales_call.state, reason="told", payload={"from": f"+1{NUMBER}"})
    told = {
        name: {route: answer(client_of(cast[name]), row, named)[1] for route, row in TABLE.items()}
        for name in ("alice", "frank")
    }
    assert {route for route, body in told["alice"].items() if NUMBER in body} == TELL_NUMBER
    assert {route for route, body in told["frank"].items() if NUMBER in body} == set()
    as_json = json.dumps(MASKED)[1:-1]
    assert {
        route for route, body in told["frank"].items() if MASKED in body or as_json in body
    } == TELL_NUMBER


def _alike(answered: tuple[int, str], path: str) -> tuple[int, str]:
    """Return an answer without what differs between any two: its own address, and tokens."""
    status, body = answered
    return status, re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", body.replace(path, ""))
