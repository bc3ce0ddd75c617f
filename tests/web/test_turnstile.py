"""How many requests and sign-ins Django works on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from monitor.web import turnstile
from monitor.web.turnstile import Busy, Middleware, Turnstile, checks_password, client_name
from tests.support.waiting import PATIENCE


class View:
    """An application that answers a request only when the test lets it."""

    def __init__(self) -> None:
        self.at_work: list[str] = []  # the clients' addresses
        self.go = asyncio.Event()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        self.at_work.append(request.META["REMOTE_ADDR"])
        await self.go.wait()
        self.at_work.remove(request.META["REMOTE_ADDR"])
        return HttpResponse("done")


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REQUESTS": 3, "PASSWORDS": 2, "WAITING": 4}.items():
        monkeypatch.setattr(turnstile, name, value)


@pytest.fixture
def posts() -> Iterator[str]:
    """Addresses, none of them twice."""
    return (f"192.0.2.{number}" for number in range(1, 255))


def sign_in(address: str = "192.0.2.1") -> HttpRequest:
    return RequestFactory().post("/login", REMOTE_ADDR=address)


async def settled() -> None:
    """Let every task run until it has to wait."""
    for _ in range(10):
        await asyncio.sleep(0)


async def answers(tasks: list[asyncio.Task[HttpResponse]]) -> list[int]:
    async with asyncio.timeout(PATIENCE):
        return [answer.status_code for answer in await asyncio.gather(*tasks)]


async def test_sign_ins_wait_for_one_another(posts: Iterator[str]) -> None:
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in(next(posts)))) for _ in range(5)]
    await settled()
    assert len(view.at_work) == 2
    view.go.set()
    assert await answers(tasks) == [HTTPStatus.OK] * 5


async def test_one_address_has_one_place_however_often_it_asks(posts: Iterator[str]) -> None:
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in("203.0.113.66"))) for _ in range(4)]
    tasks.append(asyncio.create_task(gate(sign_in("192.0.2.1"))))
    await settled()
    assert sorted(view.at_work) == ["192.0.2.1", "203.0.113.66"]
    view.go.set()
    assert await answers(tasks) == [HTTPStatus.OK] * 5


async def test_more_than_may_wait_are_refused_at_once(posts: Iterator[str]) -> None:
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in(next(posts)))) for _ in range(6)]
    await settled()
    refused = await gate(sign_in(next(posts)))
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert refused["Retry-After"] == "10"
    assert "Try again in a few seconds" in refused.content.decode()
    view.go.set()
    assert await answers(tasks) == [HTTPStatus.OK] * 6


async def test_one_client_cannot_take_up_all_the_room_for_waiting(
    posts: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "OF_ONE_CLIENT", 3)
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in("203.0.113.66"))) for _ in range(3)]
    await settled()
    refused = await gate(sign_in("203.0.113.66"))
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    tasks.append(asyncio.create_task(gate(sign_in(next(posts)))))
    await settled()
    view.go.set()
    assert await answers(tasks) == [HTTPStatus.OK] * 4
    assert (await gate(sign_in("203.0.113.66"))).status_code == HTTPStatus.OK


async def test_who_waits_too_long_is_refused(
    posts: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "PATIENCE", 0.01)
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in(next(posts)))) for _ in range(2)]
    await settled()
    assert (await gate(sign_in(next(posts)))).status_code == HTTPStatus.TOO_MANY_REQUESTS
    view.go.set()
    await answers(tasks)


async def test_a_client_that_hangs_up_keeps_its_place_until_its_hash_is_made(
    posts: Iterator[str],
) -> None:
    view = View()
    gate = Middleware(view)
    gone = [asyncio.create_task(gate(sign_in(next(posts)))) for _ in range(2)]
    await settled()
    for task in gone:
        task.cancel()
    waiting = asyncio.create_task(gate(sign_in("203.0.113.66")))
    await settled()
    assert "203.0.113.66" not in view.at_work
    view.go.set()
    assert await answers([waiting]) == [HTTPStatus.OK]
    assert all(task.cancelled() for task in gone)


async def test_all_requests_together_are_bounded(posts: Iterator[str]) -> None:
    view = View()
    gate = Middleware(view)
    tasks = [
        asyncio.create_task(gate(RequestFactory().get("/", REMOTE_ADDR=next(posts))))
        for _ in range(5)
    ]
    await settled()
    assert len(view.at_work) == 3
    view.go.set()
    assert await answers(tasks) == [HTTPStatus.OK] * 5


async def test_sign_ins_that_wait_keep_nobody_else_waiting(posts: Iterator[str]) -> None:
    view = View()
    gate = Middleware(view)
    tasks = [asyncio.create_task(gate(sign_in(next(posts)))) for _ in range(6)]
    await settled()
    page = asyncio.create_task(gate(RequestFactory().get("/", REMOTE_ADDR="10.0.0.5")))
    await settled()
    assert "10.0.0.5" in view.at_work
    view.go.set()
    assert await answers([*tasks, page]) == [HTTPStatus.OK] * 7


async def test_a_place_is_free_again_after_an_error() -> None:
    gate = Turnstile(1, 0, 1.0)
    with pytest.raises(ZeroDivisionError):
        async with gate.place("a"):
            _ = 1 / 0
    async with gate.place("b"):
        with pytest.raises(Busy):
            async with gate.place("c"):
                pass


@pytest.mark.parametrize(
    ("method", "path", "hashes"),
    [
        ("POST", "/login", True),
        ("POST", "/password/confirm", True),
        ("POST", "/password", True),
        ("POST", "/admin/auth/user/add/", True),
        ("POST", "/admin/auth/user/1/password/", True),
        ("GET", "/login", False),
        ("POST", "/logout", False),
        ("POST", "/nothing-here", False),
    ],
)
def test_it_is_known_which_requests_check_a_password(method: str, path: str, hashes: bool) -> None:
    assert checks_password(RequestFactory().generic(method, path)) is hashes


def test_a_client_without_an_address_has_a_name() -> None:
    assert client_name(sign_in("")) == "unknown"
