"""Without the private names that the fast path uses, audio flows bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from websockets.sync.client import connect

from monitor.audio import g711
from monitor.bus.connection import PlainRedisConnection, RedisConnection, bulk, pack
from monitor.bus.redis import TIMEOUT, new_connection
from monitor.wire import private_names
from monitor.wire.private_names import PrivateNames
from tests.support.renamed_server import Renamed
from tests.support.servers import Server
from tests.support.talk import Ear, message_of, open_tap, payload
from tests.support.taps import MULAW
from tests.support.waiting import PATIENCE

TABLES = {"daphne": private_names.DAPHNE, "uvicorn": private_names.UVICORN}
PACKAGES = {"daphne": "twisted,autobahn,daphne", "uvicorn": "uvicorn,websockets"}
#: Too much else, of Python itself too, is called so: under another name nothing would start.
COMMON_WORDS = {"config", "loop", "send"}
#: One name of each server, and those of redis-py.
SOME_NAMES = {"daphne": "writeSomeData,_reader,_writer", "uvicorn": "conn,_reader,_writer"}
ENTRIES = [
    pytest.param(kind, entry, id=f"{kind}-{entry.distribution}-{entry.owner.rpartition(':')[2]}")
    for kind, table in TABLES.items()
    for entry in table
]
SENT = [payload(number) for number in range(30)]  # ten Frames
LOST_FRAME = slice(12, 15)  # the packets of one Frame
RELAY = "tests.support.relay:application"
OFF = "the fast path is off"


def relayed(server: Server) -> list[str | bytes]:
    """Send audio to one socket of the server, and return what another one hears."""
    with connect(f"{server.ws_url}/out") as ear, connect(f"{server.ws_url}/in") as sender:
        for one in SENT:
            sender.send(one)
        return [ear.recv(PATIENCE) for _ in SENT]


async def heard(server: Server, user: User, packets: list[bytes]) -> bytes:
    """Send packets into a real tap, and return the samples that its listener hears."""
    opened = await open_tap()
    async with server.listen(opened.tap.pk, user) as page, server.tap(opened.uri) as sender:
        await message_of(page, "hello")
        await sender.send(MULAW)
        for packet in packets:
            await sender.send(packet)
        return await Ear(page).take(sum(map(len, packets)))


def assert_bit_for_bit(samples: bytes, packets: list[bytes]) -> None:
    assert samples == g711.decode("PCMU", b"".join(packets))


async def replies(kind: type[RedisConnection], commands: tuple[bytes, ...]) -> list[Any]:
    """Send a batch by a connection of this kind, and return the replies."""
    opened = await new_connection("")
    await opened.connect()  # type: ignore[no-untyped-call]
    connection = kind(opened, TIMEOUT)
    try:
        return await connection.call(b"".join(commands), len(commands))
    finally:
        await connection.close()


@pytest.fixture(scope="module", params=TABLES)
def _plain_server(
    request: pytest.FixtureRequest, django_db_setup: Any, static_files: None
) -> Iterator[Server]:
    kind = request.param
    with Renamed(kind, f"{PACKAGES[kind]},redis", SOME_NAMES[kind]) as started:
        yield started


@pytest.fixture
def plain_server(_plain_server: Server, transactional_db: Any) -> Server:
    """Each server, on Redis and a database, where it and redis-py lack names."""
    return _plain_server


async def test_a_taps_audio_is_heard_bit_for_bit_without_private_names(
    plain_server: Server, alice: User
) -> None:
    assert_bit_for_bit(await heard(plain_server, alice, SENT), SENT)
    said = plain_server.said()
    assert said.count(OFF) == 2  # the server's, and Redis's
    assert "_reader of redis" in said
    assert "_writer of redis" in said


async def test_a_frame_that_is_lost_on_the_way_would_be_found(
    plain_server: Server, alice: User
) -> None:
    arriving = [one for one in SENT if one not in SENT[LOST_FRAME]]
    with pytest.raises(AssertionError):
        assert_bit_for_bit(await heard(plain_server, alice, arriving), SENT)


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
def test_audio_flows_bit_for_bit_without_the_names_of_an_owner(
    kind: str, entry: PrivateNames
) -> None:
    names = [name for name in entry.names if name not in COMMON_WORDS]
    with Renamed(kind, PACKAGES[kind], ",".join(names), RELAY) as server:
        assert relayed(server) == SENT
        assert server.said().count(OFF) == 1
        assert [name for name in names if f"{name} of {entry.owner}" not in server.said()] == []


def test_uvicorn_chooses_its_http_protocol_where_the_name_of_that_is_missing() -> None:
    with Renamed("uvicorn", "uvicorn", "AutoHTTPProtocol", RELAY) as server:
        assert relayed(server) == SENT
        assert OFF not in server.said()  # nothing is lost


@pytest.mark.parametrize("kind", TABLES)
def test_the_same_audio_flows_with_every_name_there(kind: str) -> None:
    with Server(kind, RELAY) as server:
        assert relayed(server) == SENT
        assert OFF not in server.said()


async def test_both_connections_to_redis_give_the_same_replies() -> None:
    audio = bytes(range(256))
    commands = pack("PING"), pack("NONSENSE"), b"*2\r\n" + bulk(b"ECHO") + bulk(audio)
    fast, plain = [
        await replies(kind, commands) for kind in (RedisConnection, PlainRedisConnection)
    ]
    assert list(map(repr, plain)) == list(map(repr, fast))
    assert plain[-1] == audio
