"""Daphne, as Earshot runs it.

    python -m monitor.servers.daphne --port 8000 agents.asgi:application

Where Twisted, autobahn or Daphne lacks a name that our server uses, Daphne's own command
serves instead, and the log says what is lost.
"""

from __future__ import annotations

import logging
import os
import sys

from monitor.wire import private_names

logger = logging.getLogger(__name__)

MAX_MESSAGE = 128 * 1024  # bytes; consumers refuse over 64 KiB and write down why
PROXY_HEADERS = (
    "--proxy-headers is not used: Daphne believes whatever address a client sends. "
    "Set TRUSTED_PROXIES to the networks of the proxies in front of this server"
)
#: What plain_daphne cannot have without the names that are missing.
LOST = (
    "Daphne's own server runs, which is slower. It closes sockets without a reason, and with "
    "the codes 4003 to 4013 instead of 1003 to 1013; it limits neither connections on which "
    "nothing is asked, nor floods of small messages, nor what waits for a client that does not "
    "read; it takes a whole body before it refuses one that is too large; and its access log "
    "names the proxy instead of the client"
)


def run(arguments: list[str]) -> None:
    """Serve until stopped, by our server or by Daphne's own."""
    if lacking := private_names.missing(private_names.DAPHNE):
        logger.warning("%s", private_names.warning(lacking, LOST))
        from monitor.servers import plain_daphne

        plain_daphne.run(arguments)
    else:
        from monitor.servers.daphne_server import CommandLine

        CommandLine().run(arguments)


if __name__ == "__main__":
    run(sys.argv[1:])
    # A request that was cut off leaves a thread that waits for the stopped event loop;
    # Python would join it and never end.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
