"""The composition root: makes the one Runtime of the process, and the application around it."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
http = get_asgi_application()

from monitor.concurrency import in_thread  # noqa: E402
from monitor.routing import websocket_router  # noqa: E402
from monitor.runtime import Runtime, limits_from_settings  # noqa: E402
from monitor.servers import startup, stopping  # noqa: E402  models need the apps loaded
from monitor.servers.drain import Drain  # noqa: E402
from monitor.telemetry.redaction import redact_other_logs  # noqa: E402
from monitor.web.webhooks import CALL_LIMIT, STATUS_LIMIT  # noqa: E402
from monitor.wire.body_limit import BodyLimit, BodyLimits, PathLimit  # noqa: E402
from monitor.wire.client_address import App, ClientAddress  # noqa: E402

logger = logging.getLogger(__name__)

STOP_WITHIN = 0.8  # seconds to wait at a stop for the last writes to the database and to Redis


class Earshot:
    """The ASGI application.

    The first scope of any kind starts the Runtime. Daphne does not implement the lifespan
    protocol, so there it is the first request, which ``script/server`` makes.
    """

    _drain: Drain  # once it has started

    def __init__(self) -> None:
        redact_other_logs()
        startup.say_what_is_missing()
        self._started = False
        self.runtime = Runtime(limits_from_settings())
        self._router = ProtocolTypeRouter(
            {"http": self._requests, "websocket": websocket_router(self.runtime)}
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self._start()
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket" and self._drain.is_under_way:
            await stopping.turn_away(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self.runtime.start()
            self._drain = Drain(settings.DRAIN_SECONDS, self.runtime.floor.open_sockets)
            self._drain.await_signal()
            self.runtime.writes.begin(in_thread(startup.lock_demo_users)())

    async def _requests(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Have Django answer a request, and tell it when that came: the request may wait for the
        thread that all requests share. uvicorn cancels an incomplete one when it stops: that costs
        a log line, and no traceback."""
        scope["arrived_at"] = timezone.now()
        scope["draining"] = self._drain.is_under_way
        try:
            await http(scope, receive, stopping.closing(send) if scope["draining"] else send)
        except asyncio.CancelledError:
            logger.warning("a request was cancelled: its client had not sent all of it")

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
                # Both at once, so that neither waits for the other's server if that hangs.
                await asyncio.gather(self.runtime.writes.wait(), self.runtime.stop())
        except TimeoutError:
            logger.error("the last writes did not end within %s s of the stop", STOP_WITHIN)


def protected(app: App, *limits: PathLimit) -> App:
    """Wrap an application in the middleware that every connection passes first.

    ``limits`` are the body limits of the application's own paths.
    """
    known_client = ClientAddress(app, settings.TRUSTED_PROXIES)
    return BodyLimit(known_client, BodyLimits((STATUS_LIMIT, CALL_LIMIT, *limits)))


earshot = Earshot()
application = protected(earshot)
