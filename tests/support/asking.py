"""Asks the routes of the site, each as somebody of the cast."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.support.cast import signed_in


@dataclasses.dataclass(frozen=True)
class Row:
    """How a route is asked, and what each of the cast is answered."""

    path: str
    answers: str
    post: bool = False


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Yield every route of the site, as it is written in the resolver."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def client_of(user: User | None) -> Client:
    return signed_in(user) if user else Client()


def answer(client: Client, row: Row, named: dict[str, Any]) -> tuple[int, str]:
    """Return the status and the whole body that a client is answered."""
    path = row.path.format(**named)
    response: Any = client.post(path) if row.post else client.get(path)
    body = async_to_sync(whole)(response) if response.streaming else response.content
    return response.status_code, body.decode()


async def whole(response: Any) -> bytes:
    return b"".join([part async for part in response])
