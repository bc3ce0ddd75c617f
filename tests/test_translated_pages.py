"""Every word of every page is translated: templates, forms, tables, the admin."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from pytest_django import Settings

from monitor.audio.condition import Kind
from monitor.models import (
    AdminAction,
    Agent,
    Call,
    CallMark,
    CallOrder,
    Direction,
    ListenSession,
    OrderKind,
    Tap,
    TapEvent,
    TapState,
    Team,
    Transport,
)
from monitor.services.carrier_requests import REASONS
from monitor.wire.call_control import ControlError
from tests.support.cast import permit, signed_in
from tests.support.second_factors import add_app, recovery_codes, wrong_code
from tests.support.wrapped import unwrapped, wrapping

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

AT = datetime.datetime(2026, 3, 1, 12, 30, 15, tzinfo=datetime.UTC)
LATER = AT + datetime.timedelta(seconds=90)
#: What a timeline may hold, as it is stored.
STORED = (
    "asked for by ⟪agent⟫",
    "asked for by a client",
    "asked to stop",
    "stopped by ⟪root⟫",
    "SignalWire says ⟪state⟫",
    "SignalWire says ⟪state⟫ of control_id ⟪id⟫ of call ⟪id⟫",
    "SignalWire accepted the start",
    f"not stopped at the carrier: {REASONS[ControlError.BUSY]}",
    "media connected",
    "media connected again from ⟪1.2.3.4⟫",
    "media is PCMA though PCMU was asked for; its first 40 ms were decoded as PCMU",
    "media comes from ⟪1.2.3.4⟫ now: ⟪5.6.7.8⟫ was silent",
    "media closed: the connection closed (1006)",
)


@pytest.fixture(autouse=True)
def _wrapped() -> Iterator[None]:
    with wrapping() as missing:
        yield
    assert missing == set(), "these have no Spanish"


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("⟪root⟫", password="root's password")


@pytest.fixture
def call(root: User) -> Call:
    """A call with everything that can happen to one, but not over."""
    call = Call.objects.create(
        call_id="⟪id⟫", agent="⟪agent⟫", caller="⟪+1⟫", caller_name="⟪Ann⟫", created_at=AT
    )
    legs = [_leg(call, direction) for direction in (Direction.SPEAK, Direction.LISTEN)]
    for leg, transport in zip(legs, Transport, strict=True):
        Tap.objects.filter(pk=leg.pk).update(transport=transport)
    for reason in STORED:
        TapEvent.objects.create(
            tap=legs[0], at=AT, old=TapState.TAPPING, new=TapState.TAPPING, reason=reason
        )
    for kind in Kind:
        CallMark.objects.create(
            call=call, kind=kind, leg=Direction.SPEAK, severity=1, began_at=AT, note="⟪note⟫"
        )
    for order in OrderKind:
        CallOrder.objects.create(
            call=call, tap=legs[0], kind=order, asked_by=root, username=root.username, asked_at=AT
        )
    return call


def _leg(call: Call, direction: Direction) -> Tap:
    leg = Tap.objects.create(
        call=call,
        control_id=f"⟪{direction}⟫",
        direction=direction,
        reason="⟪upset⟫",
        state=TapState.TAPPING,
        requested_at=AT,
        started_at=AT,
        media_opened_at=AT,
        rtp={"received": 9, "jitter_ms": 1.5, "concealed": 800},
    )
    TapEvent.objects.create(tap=leg, at=AT, new=TapState.REQUESTED, reason=STORED[0])
    for ended_at in (None, LATER):
        ListenSession.objects.create(
            tap=leg,
            user_id=None,
            username="⟪gone⟫",
            started_at=AT,
            ended_at=ended_at,
            end_reason="the page left",
        )
    return leg


@pytest.fixture
def as_root(root: User) -> Client:
    return signed_in(root)


def words_of(client: Client, path: str) -> list[str]:
    """Return the untranslated words of a page. The admin's names of inline rows are not shown."""
    page = client.get(path).content.decode()
    return unwrapped(re.sub(r'<td class="original">.*?</td>', "", page, flags=re.DOTALL))


@pytest.mark.parametrize("path", ["/", "/password", "/password/changed", "/nothing", "/admin/"])
def test_the_pages_without_a_call(as_root: Client, path: str) -> None:
    assert words_of(as_root, path) == []


def test_the_pages_of_a_call(as_root: Client, call: Call) -> None:
    for path in (f"/calls/{call.pk}", f"/calls/{call.pk}/deck"):
        assert words_of(as_root, path) == []


def test_the_page_of_a_call_that_is_over(as_root: Client, call: Call) -> None:
    call.taps.update(state=TapState.LOST, ended_at=LATER, end_reason="nothing followed the request")
    assert words_of(as_root, f"/calls/{call.pk}") == []


def test_the_page_of_a_call_for_whoever_may_neither_hear_it_nor_see_who_did(
    call: Call, charlie: User
) -> None:
    User.objects.filter(pk=charlie.pk).update(username="⟪charlie⟫")
    permit(charlie, "view_tap")
    client = signed_in(User.objects.get(pk=charlie.pk))
    assert words_of(client, "/") == words_of(client, f"/calls/{call.pk}") == []


def test_the_words_that_scripts_are_handed(as_root: Client) -> None:
    page = as_root.get("/").content.decode()
    (handed,) = re.findall(r'data-words="([^"]+)"', page)
    assert unwrapped(" ".join(_texts(json.loads(html.unescape(handed))))) == []


def test_the_timeline_that_scripts_are_handed(as_root: Client, call: Call) -> None:
    entries = as_root.get(f"/calls/{call.pk}/timeline").json()["entries"]
    said = [entry[field] for entry in entries for field in ("title", "words")]
    assert [text for text in said if unwrapped(text)] == []


def _texts(words: Any) -> Iterator[str]:
    if isinstance(words, str):
        yield words
    else:
        for value in words.values():
            yield from _texts(value)


@pytest.mark.parametrize(
    "sent", [{}, {"username": "⟪nobody⟫", "password": "wrong"}], ids=["empty", "wrong"]
)
def test_signing_in(client: Client, sent: dict[str, str]) -> None:
    assert words_of(client, "/login") == []
    assert unwrapped(client.post("/login", sent).content.decode()) == []


def test_the_lock_out(client: Client) -> None:
    wrong = {"username": "⟪nobody⟫", "password": "wrong"}
    answers = [client.post("/login", wrong).content.decode() for _ in range(10)]
    assert "⟦Too many attempts⟧" in answers[-1]
    assert unwrapped(answers[-1]) == []


def test_the_second_factor(root: User) -> None:
    client = Client()
    form = {"username": root.username, "password": "root's password"}
    client.post("/login", form)
    for page in ("", "/key", "/codes/new"):
        assert words_of(client, f"/second-factor{page}") == [], page
    (secret,) = words_of(client, "/second-factor/app")  # which is to be typed
    assert len(secret) == 32
    add_app(root)
    recovery_codes(root)
    Authenticator.objects.create(user=root, type="webauthn", data={"name": "⟪Mine⟫"})
    key = Authenticator.objects.latest("pk").pk
    for page in ("", "/app/remove", f"/key/{key}/remove", "/codes/new", "/codes", "/codes"):
        assert words_of(client, f"/second-factor{page}") == [], page
    Authenticator.objects.get(pk=key).delete()
    client.post("/logout")
    client.post("/login", form)
    assert words_of(client, "/login/second-factor") == []
    wrong = client.post("/login/second-factor", {"code": wrong_code()})
    assert unwrapped(wrong.content.decode()) == []


@pytest.mark.parametrize("mail_server", [{}, {"EMAIL_HOST": "mail.example"}])
def test_a_forgotten_password(
    client: Client, db: Any, settings: Settings, mail_server: dict[str, str]
) -> None:
    settings.EMAIL_URL = mail_server
    for path in ("/password/reset", "/password/reset/sent", "/password/choose/Mg/x-y"):
        assert words_of(client, path) == [], path


def test_confirming_the_password(as_root: Client) -> None:
    assert words_of(as_root, "/password/confirm") == []
    wrong = as_root.post("/password/confirm", {"password": "wrong"})
    assert unwrapped(wrong.content.decode()) == []


@pytest.mark.parametrize("chosen", ["short", "root's password"])
def test_a_password_that_is_refused(as_root: Client, chosen: str) -> None:
    sent = {"old_password": "root's password", "new_password1": chosen, "new_password2": chosen}
    assert unwrapped(as_root.post("/password", sent).content.decode()) == []


@pytest.mark.parametrize(
    "changes",
    ['{"volume": 2}', '{"gone": 1}', '{"views": 1}', '{"outputs": 1}', "[]", "{", " " * 20_000],
)
def test_settings_that_are_refused(as_root: Client, changes: str) -> None:
    answer = as_root.post("/settings", changes, content_type="application/json")
    assert unwrapped(re.sub(r'"\w*"|\{"volume": 0.5\}', "", answer.content.decode())) == []


@pytest.mark.parametrize("query", ["q=%00", "gone=1", f"q={'a' * 300}", "codec__gt=1"])
def test_an_address_of_the_admin_that_is_not_understood(as_root: Client, query: str) -> None:
    page = as_root.get(f"/admin/monitor/tap/?{query}")
    assert unwrapped(page.content.decode().replace("gone", "").replace("codec__gt", "")) == []


def test_a_page_that_breaks(as_root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    as_root.raise_request_exception = False
    monkeypatch.setattr("monitor.web.pages.console.paths.listen", None)
    assert unwrapped(as_root.get("/").content.decode()) == []


def test_a_page_that_is_not_allowed(charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(username="⟪charlie⟫")
    client = signed_in(User.objects.get(pk=charlie.pk))
    answer = client.get("/")
    assert unwrapped(answer.content.decode()) == []
    assert unwrapped(client.get("/calls/1/timeline").json()["error"]) == []


@pytest.mark.parametrize("model", ["team", "agent"])
def test_the_pages_of_teams_and_agents(as_root: Client, model: str) -> None:
    team = Team.objects.create(name="⟪Sales⟫")
    agent = Agent.objects.create(name="⟪agent⟫", team=team)
    row = {"team": team, "agent": agent}[model]
    pages = ("", "add/", f"{row.pk}/change/", f"{row.pk}/delete/", f"{row.pk}/history/")
    for path in pages:
        assert words_of(as_root, f"/admin/monitor/{model}/{path}") == [], path


HISTORY = ("call", "tap", "listensession", "callorder", "adminaction")


@pytest.mark.parametrize("model", HISTORY)
@pytest.mark.parametrize("query", ["", "?q=nothing"])
def test_a_list_of_the_history_without_rows(as_root: Client, model: str, query: str) -> None:
    assert words_of(as_root, f"/admin/monitor/{model}/{query}") == []


@pytest.mark.parametrize("model", HISTORY)
def test_a_list_of_the_history(as_root: Client, call: Call, root: User, model: str) -> None:
    _act(root, call)
    assert words_of(as_root, f"/admin/monitor/{model}/") == []


@pytest.mark.parametrize("model", [Call, Tap, ListenSession, CallOrder, AdminAction])
def test_a_page_of_the_history(as_root: Client, call: Call, root: User, model: Any) -> None:
    _act(root, call)
    row = model.objects.first()
    path = f"/admin/monitor/{model._meta.model_name}/{row.pk}"
    assert words_of(as_root, f"{path}/change/") == []
    assert words_of(as_root, f"{path}/history/") == []


def _act(root: User, call: Call) -> None:
    """Write a row of each kind into the admin's log."""
    messages = {
        "exported": "all, and a search",
        "changed": '[{"changed": {"fields": ["First name"]}}]',
    }
    for kind in AdminAction.Kind.values:
        AdminAction.objects.create(
            user=root,
            username=root.username,
            kind=kind,
            content_type=ContentType.objects.get_for_model(Call),
            object_id=str(call.pk),
            object_repr="⟪id⟫",
            message=messages.get(kind, ""),
        )


@pytest.mark.parametrize(
    "path", ["user/", "user/add/", "group/", "group/add/", "user/{}/password/"]
)
def test_the_pages_of_the_accounts(as_root: Client, path: str) -> None:
    Group.objects.update(name=Concat(Value("⟪"), "name", Value("⟫")))
    other = User.objects.create_user("⟪other⟫", password="other's password")
    assert words_of(as_root, f"/admin/auth/{path.format(other.pk)}") == []


def test_the_pages_of_an_account(as_root: Client) -> None:
    Group.objects.update(name=Concat(Value("⟪"), "name", Value("⟫")))
    other = User.objects.create_user("⟪other⟫")
    for page in ("change", "history", "delete"):
        assert words_of(as_root, f"/admin/auth/user/{other.pk}/{page}/") == []


@pytest.mark.parametrize("model", [AccessAttempt, AccessFailureLog, AccessLog])
def test_the_lists_of_sign_ins(as_root: Client, model: Any) -> None:
    model.objects.all().delete()
    model.objects.create(
        username="⟪root⟫",
        user_agent="⟪agent⟫",
        path_info="⟪path⟫",
        **({"failures_since_start": 3} if model is AccessAttempt else {}),
    )
    assert words_of(as_root, f"/admin/axes/{model._meta.model_name}/") == []
