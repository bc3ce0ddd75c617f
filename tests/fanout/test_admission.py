"""Who comes is checked with those who come at the same time. Each gets its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from monitor.concurrency import in_thread
from monitor.fanout.admission import Admission
from monitor.services import sign_ins
from monitor.services.permissions import TapRules
from monitor.services.sign_ins import SignIn
from monitor.wire.close import CloseCode, Closed

pytestmark = pytest.mark.django_db(transaction=True)

SessionOf = Callable[[User], Awaitable[str]]


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.session.session_key or ""


@pytest.fixture
def session_of() -> SessionOf:
    return in_thread(sign_in)


@pytest.fixture
def admission() -> Admission:
    return Admission()


def let_in(_: SignIn, taps: TapRules) -> None:
    """Have nothing against anybody."""


def refuse(_: SignIn, taps: TapRules) -> None:
    raise Closed(CloseCode.NOT_ALLOWED, "you may not")


async def test_those_who_come_together_are_let_in_or_refused_each_for_itself(
    admission: Admission, session_of: SessionOf, alice: User, bob: User
) -> None:
    hers, his = await session_of(alice), await session_of(bob)
    outcomes: Any = await asyncio.gather(
        admission(hers, let_in),
        admission(hers, refuse),
        admission("unknown", let_in),
        admission(his, let_in),
        return_exceptions=True,
    )
    assert [outcomes[0].user, outcomes[3].user] == [alice, bob]
    assert [closed.code for closed in outcomes[1:3]] == [
        CloseCode.NOT_ALLOWED,
        CloseCode.NOT_SIGNED_IN,
    ]


async def test_a_session_that_several_sockets_have_is_read_once(
    admission: Admission, session_of: SessionOf, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def reading(session_keys: Collection[str]) -> dict[str, SignIn]:
        read.extend(session_keys)
        return sign_ins.sign_ins_of(session_keys)

    monkeypatch.setattr("monitor.fanout.admission.sign_ins_of", reading)
    session = await session_of(alice)
    others = [await session_of(alice) for _ in range(3)]
    asked = [session, *others] * 30  # more than are checked in one turn
    await asyncio.gather(*(admission(one, let_in) for one in asked))
    assert sorted(read) == sorted([session, *others])


async def test_who_comes_after_signing_out_is_not_let_in_by_an_earlier_reading(
    admission: Admission, session_of: SessionOf, alice: User
) -> None:
    session = await session_of(alice)
    await admission(session, let_in)
    await Session.objects.all().adelete()
    with pytest.raises(Closed, match="not signed in"):
        await admission(session, let_in)


async def test_who_has_left_before_its_turn_is_not_checked(
    admission: Admission, session_of: SessionOf, alice: User
) -> None:
    session = await session_of(alice)
    checked: list[str] = []
    goes = asyncio.create_task(admission(session, lambda *_: checked.append("gone")))
    await asyncio.sleep(0)
    goes.cancel()
    await admission(session, lambda *_: checked.append("stays"))
    assert checked == ["stays"]


async def test_no_session_has_all_turns_however_many_sockets_it_opens(
    admission: Admission, session_of: SessionOf, alice: User, bob: User
) -> None:
    hers, his = await session_of(alice), await session_of(bob)
    let_in_by_turn: list[str] = []
    many = (admission(hers, lambda *_: let_in_by_turn.append("alice")) for _ in range(200))
    one = admission(his, lambda *_: let_in_by_turn.append("bob"))
    await asyncio.gather(*many, one)
    assert let_in_by_turn.index("bob") == 50
