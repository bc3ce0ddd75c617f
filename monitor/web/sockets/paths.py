"""The paths of the sockets that pages open: ``monitor.routing`` serves them, the views hand them
to the pages."""

from __future__ import annotations

import uuid

CONSOLE_ROUTE = "console"
LISTEN_ROUTE = "listen/<uuid:tap_id>"

CONSOLE = f"/{CONSOLE_ROUTE}"


def listen(tap_id: uuid.UUID) -> str:
    """Return the path of the socket on which a tap is heard."""
    return "/" + LISTEN_ROUTE.replace("<uuid:tap_id>", str(tap_id))
