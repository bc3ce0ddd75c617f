"""RedisAddress: where Redis is, as REDIS_URL says it.

    redis://[[user]:password@]host[:port][/database]     one server; rediss:// is with TLS
    unix://[[user]:password@]/path                       one server on this machine
    redis+sentinel://[…@]host[:port],host[:port]/name[/database]
                                                         whichever server the Sentinels call
                                                         the master of that name
    redis+cluster://[…@]host[:port],host[:port]          a cluster, of which these nodes are some

The password is that of the servers. Sentinels are asked without one. Options that redis-py's own
URLs take may follow a ``?``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit

Kind = Literal["server", "sentinel", "cluster"]
Host = tuple[str, int]

PORTS = {"sentinel": 26379, "cluster": 6379}
#: What the parser allows, as the sentence of an error says it.
FORMS = {
    "server": "a URL that begins with one of: redis://, rediss://, unix://, redis+sentinel://, "
    "redis+cluster://",
    "sentinel": "redis+sentinel://host:port,host:port/name, where name is that of the master",
    "cluster": "redis+cluster://host:port,host:port, without a database",
}
_MANY = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://"
    r"((?P<login>[^@/?]*)@)?(?P<hosts>[^@/?]*)(?P<path>[^?]*)(?P<options>\?.*)?"
)
_HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?")
_MASTER = re.compile(r"/(?P<name>[\w.-]+)(?P<database>/\d+)?")


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Names one server, the Sentinels that know it, or some nodes of a cluster."""

    kind: Kind
    url: str  # a server's URL; without a host if the hosts below must be asked
    hosts: tuple[Host, ...] = ()  # Sentinels, or nodes of a cluster
    master: str = ""  # the name by which the Sentinels know the servers

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a REDIS_URL. Raises ValueError, which says what is allowed and shows no secret."""
        many = _MANY.fullmatch(text)
        if many is None:
            return cls("server", _server(text))
        kind: Kind = "sentinel" if many["kind"] == "sentinel" else "cluster"
        hosts = tuple(_host(one, kind) for one in many["hosts"].split(","))
        login = f"{many['login']}@" if many["login"] else ""
        start, options = f"{many['scheme']}://{login}", many["options"] or ""
        if kind == "cluster":
            if many["path"].strip("/0"):
                raise ValueError(FORMS[kind])
            return cls(kind, start + options, hosts)
        master = _MASTER.fullmatch(many["path"].rstrip("/"))
        if master is None:
            raise ValueError(FORMS[kind])
        return cls(kind, start + (master["database"] or "") + options, hosts, master["name"])


def _server(text: str) -> str:
    try:
        parts = urlsplit(text)
        where = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:
        where = None
    if not (where and parts.scheme in {"redis", "rediss", "unix"}):
        raise ValueError(FORMS["server"])
    return text


def _host(text: str, kind: Kind) -> Host:
    host = _HOST.fullmatch(text)
    port = int(host["port"] or PORTS[kind]) if host else 0
    if host is None or not 0 < port < 65536:
        raise ValueError(FORMS[kind])
    return host["name"].strip("[]"), port
