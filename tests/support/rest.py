"""SignalWire's REST API: the settings that lead to it, and a server in its place."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TOKEN = "PT-only-for-tests"


def set_up_rest(settings: Any, space: str = "127.0.0.1:9") -> None:
    """Say how to reach SignalWire's REST API."""
    settings.SIGNALWIRE_SPACE = space
    settings.SIGNALWIRE_PROJECT_ID = "project-1"
    settings.SIGNALWIRE_API_TOKEN = TOKEN


class FakeRest:
    """Answers as it is told to. Keeps every request, and answers all of them alike.

    ``status`` 0 closes the connection without an answer. While ``held``, answers wait.
    """

    def __init__(self) -> None:
        self.status = 200
        self.body = "{}"
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.free = threading.Event()
        self.free.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.space = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self.free.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        rest = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                rest.requests.append((self.path, dict(self.headers), json.loads(sent)))
                rest.free.wait(10)
                if not rest.status:
                    self.close_connection = True
                    return
                self.send_response(rest.status)
                for name, value in rest.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(rest.body.encode())))
                with contextlib.suppress(OSError):  # the client did not wait
                    self.end_headers()
                    self.wfile.write(rest.body.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name
                """Say nothing on stderr."""

        return Handler
