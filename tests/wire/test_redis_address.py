"""REDIS_URL names one server or the Sentinels of several, and nonsense is refused."""

from __future__ import annotations

import re

import pytest

from monitor.wire.redis_address import FORMS, Kind, RedisAddress


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://:secret@host:6379/3",
        "rediss://user:x@host",
        "unix:///run/v.sock?db=2",
    ],
)
def test_one_server_is_left_to_redis_py(url: str) -> None:
    assert RedisAddress.parse(url) == RedisAddress("server", url)


def test_sentinels_are_named_with_the_master_whose_address_they_know() -> None:
    address = RedisAddress.parse("redis+sentinel://one:5000,two,[::1]:5001/main")
    assert address.hosts == (("one", 5000), ("two", 26379), ("::1", 5001))
    assert (address.kind, address.master, address.url) == ("sentinel", "main", "redis://")


def test_login_database_and_options_are_those_of_the_servers() -> None:
    address = RedisAddress.parse("rediss+sentinel://me:p%40ss@one/main/2?ssl_ca_certs=/ca.pem")
    assert address.url == "rediss://me:p%40ss@/2?ssl_ca_certs=/ca.pem"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", "server"),
        ("localhost", "server"),
        ("https://host", "server"),
        ("redis://", "server"),
        ("redis://host:0", "server"),
        ("redis://host:99999", "server"),
        ("redis://[::1", "server"),
        ("unix://host", "server"),
        ("redis+sentinel://one:5000", "sentinel"),
        ("redis+sentinel://one/", "sentinel"),
        ("redis+sentinel:///main", "sentinel"),
        ("redis+sentinel://one,,two/main", "sentinel"),
        ("redis+sentinel://one:0/main", "sentinel"),
        ("redis+sentinel://one:99999/main", "sentinel"),
        ("redis+sentinel://a@b@c/main", "sentinel"),
        ("redis+sentinel://one/main/second", "sentinel"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(url: str, kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(FORMS[kind])}$"):
        RedisAddress.parse(url)
