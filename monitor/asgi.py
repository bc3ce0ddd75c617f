"""The composition root: one Runtime a process, given to every consumer."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
http = get_asgi_application()

from . import startup  # noqa: E402  models need the apps loaded
from .body_limit import BodyLimit  # noqa: E402
from .client_address import App, ClientAddress  # noqa: E402
from .live.database import threaded  # noqa: E402
from .live.routing import websocket_router  # noqa: E402
from .live.runtime import Runtime  # noqa: E402

logger = logging.getLogger(__name__)

STOP_WITHIN = 0.8  # seconds that the last writes have, to the database and to Redis


class Earshot:
    """The ASGI application.

    The Runtime is started by whatever comes first: Daphne knows no lifespan,
    so there it is the first request (``script/server`` makes one).
    """

    def __init__(self) -> None:
        startup.say_what_is_missing()
        self._started = False
        self.runtime = Runtime()
        self._router = ProtocolTypeRouter(
            {"http": _requests, "websocket": websocket_router(self.runtime)}
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self._start()
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._router(scope, receive, send)

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self.runtime.start()
            self.runtime.writes.begin(threaded(startup.lock_demo_users)())

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _stop(self) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN):
                # Side by side: neither waits for the other's server if that hangs.
                await asyncio.gather(self.runtime.writes.made(), self.runtime.stop())
        except TimeoutError:
            logger.error("the last writes were not made in %s s", STOP_WITHIN)


async def _requests(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Have Django answer a request, and give up one that is cut off by a stop (uvicorn)."""
    try:
        await http(scope, receive, send)
    except asyncio.CancelledError:
        logger.warning("a request was cut off: its client had not sent all of it")


def protected(app: App) -> App:
    """Wrap an application in what every connection passes before anything answers it."""
    return ClientAddress(BodyLimit(app), settings.TRUSTED_PROXIES)


earshot = Earshot()
application = protected(earshot)
