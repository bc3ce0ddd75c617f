"""uvicorn's two protocols, as Earshot runs them.

    uvicorn --http monitor.servers.uvicorn:HttpProtocol --ws monitor.servers.uvicorn:Protocol \\
        --loop uvloop monitor.asgi:application

Every connection begins with HttpProtocol, which keeps clients from taking the last file
descriptors, and has a few new connections served in each turn of the event loop. Where uvicorn or
websockets lacks a name that our protocols use, uvicorn's own take their place, and the log says
what is lost.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

import uvicorn

from monitor.servers.descriptors import DescriptorLimit
from monitor.servers.newcomers import Newcomers
from monitor.wire import private_names

logger = logging.getLogger(__name__)

#: What uvicorn's own WebSocket protocol does without.
LOST = (
    "uvicorn's own WebSocket protocol runs, which is slower. It does not limit floods of small "
    "messages, answers no handshake that is broken, and tells sockets 1012 without a reason and "
    "before the media of their taps is free"
)


def _own() -> uvicorn.Config:
    """Return a configuration in which uvicorn has chosen its own protocols."""

    async def unused(*_: Any) -> None:
        """Stand in for the application."""

    config = uvicorn.Config(unused, log_config=None)
    config.load()
    return config


def _http_protocol() -> Any:
    if private_names.missing(private_names.UVICORN_HTTP):
        return _own().http_protocol_class
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return AutoHTTPProtocol


def _websocket_protocol() -> Any:
    if lacking := private_names.missing(private_names.UVICORN):
        logger.warning("%s", private_names.warning(lacking, LOST))
        return _own().ws_protocol_class
    from monitor.servers.uvicorn_socket import Protocol

    return Protocol


Protocol = _websocket_protocol()


class HttpProtocol(_http_protocol()):  # type: ignore[misc]  # chosen at run time
    """Serves one connection until it becomes a WebSocket."""

    _descriptors = DescriptorLimit.of_process()
    _newcomers = Newcomers()
    _is_newcomer = True  # until its first bytes have come

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._connection = transport
        descriptor = transport.get_extra_info("socket").fileno()
        if not self._descriptors.admits(descriptor, "new connections"):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_newcomer:
            self._is_newcomer = False
            self._newcomers.add(self._connection, partial(super().data_received, data))
        else:
            super().data_received(data)
