"""The undocumented names of other packages that the fast path uses, in one table.

A release of such a package may rename any of them. Before they begin, each server and the
bus therefore look once whether theirs are all there. Where one is missing, they say so in the
log and take the documented way, which is right and slower. A name that stays and comes to
mean something else cannot be seen before the first connection: requirements.lock pins the
versions that were measured.
"""

from __future__ import annotations

import dis
import importlib
from dataclasses import dataclass
from importlib import metadata
from types import CodeType
from typing import Any


@dataclass(frozen=True, slots=True)
class PrivateNames:
    """Names that a module of a package has, or that a class of it has or gives its instances."""

    distribution: str
    owner: str  # "module" or "module:Class"
    names: tuple[str, ...]
    use: str


AUTOBAHN = "daphne.ws_protocol:WebSocketProtocol"  # which inherits them
SANSIO = "uvicorn.protocols.websockets.websockets_sansio_impl:WebSocketsSansIOProtocol"

DAPHNE = (
    PrivateNames(
        "twisted",
        "twisted.internet.tcp:Connection",
        ("dataBuffer", "offset", "_tempDataBuffer", "_tempDataLen", "writeSomeData"),
        "write at once where nothing waits, and tell how much waits",
    ),
    PrivateNames(
        "twisted",
        "twisted.internet.tcp:Port",
        ("numberAccepts",),
        "accept a few connections in each turn of the event loop",
    ),
    PrivateNames(
        "twisted",
        "twisted.web.http:HTTPChannel",
        ("_path", "requests"),
        "limit a body before it is in memory, and free a request that became a WebSocket",
    ),
    PrivateNames(
        "twisted",
        "daphne.http_protocol:WebRequest",  # which inherits them
        ("channel", "handleContentChunk"),
        "the same",
    ),
    PrivateNames(
        "autobahn",
        AUTOBAHN,
        (
            "CONFIG_ATTRS",
            "STATE_CLOSING",
            "STATE_OPEN",
            "_cancelAutoPingTimeoutCall",
            "autoPingTimeoutCall",
            "is_closed",
            "onCloseFrame",
            "remoteCloseCode",
            "sendCloseFrame",
            "state",
        ),
        "close with any code and its reason, take frames past the parser, and format no options",
    ),
    PrivateNames(
        "autobahn",
        "daphne.ws_protocol:WebSocketFactory",  # which gives them to its protocols
        ("failByDrop", "maxMessagePayloadSize"),
        "limit messages, and answer one that is too big with a close frame",
    ),
    PrivateNames(
        "daphne",
        AUTOBAHN,
        ("application_queue", "client_addr", "handshake_deferred", "last_ping", "muted"),
        "hand messages to the application, refuse a handshake with any status, and name the "
        "client in the access log",
    ),
    PrivateNames(
        "daphne",
        "daphne.server:Server",
        (
            "action_logger",
            "application",
            "application_instance",
            "connections",
            "create_application",
            "disconnected",
            "handle_reply",
            "http_factory",
            "kill_all_applications",
            "listen_success",
            "protocol_connected",
            "protocol_disconnected",
            "proxy_forwarded_address_header",
            "proxy_forwarded_port_header",
            "proxy_forwarded_proto_header",
            "root_path",
        ),
        "offer the fast path, limit connections and bodies, and stop in order",
    ),
    PrivateNames(
        "daphne",
        "daphne.access:AccessLogGenerator",
        ("stream",),
        "keep tokens out of the access log",
    ),
    PrivateNames(
        "daphne",
        "daphne.cli:CommandLineInterface",
        ("parser", "server_class"),
        "take Daphne's options",
    ),
)

UVICORN = (
    PrivateNames(
        "uvicorn",
        SANSIO,
        (
            "close_sent",
            "config",
            "conn",
            "curr_msg_data_type",
            "frames",
            "handle_parser_exception",
            "handshake_complete",
            "handshake_initiated",
            "keepalive_timeout",
            "loop",
            "queue",
            "read_paused",
            "receive",
            "run_asgi",
            "scope",
            "send",
            "send_receive_event_to_app",
            "shutdown",
            "stop_keepalive",
            "transport",
            "writable",
        ),
        "take and write whole messages past the parser, and close in order",
    ),
    PrivateNames(
        "websockets",
        "websockets.server:ServerProtocol",
        ("close_sent", "handshake_exc"),
        "answer what breaks the protocol",
    ),
)

UVICORN_HTTP = (
    PrivateNames(
        "uvicorn",
        "uvicorn.protocols.http.auto",
        ("AutoHTTPProtocol",),
        "close connections that would take the last descriptors",
    ),
)

REDIS = (
    PrivateNames(
        "redis",
        "redis.asyncio.connection:Connection",
        ("_reader", "_writer"),
        "carry whole batches past redis-py's parser",
    ),
)


def missing(table: tuple[PrivateNames, ...]) -> list[str]:
    """Return each name of the table that the installed packages lack, with its version."""
    return [
        f"{name} of {entry.owner} ({entry.distribution} {_version(entry.distribution)})"
        for entry in table
        for name in _lacking(entry)
    ]


def warning(lacking: list[str], consequence: str) -> str:
    """Return the log line about missing names: which, what that means, and what to do."""
    return (
        f"the fast path is off because of missing names: {', '.join(lacking)}. Therefore "
        f"{consequence}. Install the versions that requirements.lock names"
    )


def _lacking(entry: PrivateNames) -> list[str]:
    module, _, name = entry.owner.partition(":")
    try:
        owner = importlib.import_module(module)
        owner = getattr(owner, name) if name else owner
    except (ImportError, AttributeError):
        return list(entry.names)
    return [one for one in entry.names if not has(owner, one)]


def has(owner: Any, name: str) -> bool:
    """Return whether the owner has the name, or a method of it gives it to what it makes."""
    return hasattr(owner, name) or any(
        _gives(code, name)
        for base in getattr(owner, "__mro__", ())
        for value in vars(base).values()
        if (code := _code(value)) is not None
    )


def _code(value: Any) -> CodeType | None:
    code = getattr(value, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _gives(code: CodeType, name: str) -> bool:
    """Return whether the code assigns an attribute of this name, or a dict's item."""
    if name in code.co_names:
        steps = dis.get_instructions(code)
        return any(one.opname == "STORE_ATTR" and one.argval == name for one in steps)
    return name in code.co_consts


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
