"""The settings' environment for a test run; loaded before Django reads it.

Nothing of the checkout's own .env or of a running server is used: a real
environment variable wins over both. TEST_DATABASE says which database the run is
on: sqlite, or postgres, which ``script/test --postgres`` sets.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from tests.support.postgres import PostgresServer

#: One for a run, and for the servers that it starts.
DIRECTORY = Path(tempfile.mkdtemp(prefix="earshot-tests-"))
DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
assert DATABASE in {"sqlite", "postgres"}, f"TEST_DATABASE={DATABASE!r}: use sqlite or postgres"
#: None on SQLite. The fixture ``database_server`` starts it.
POSTGRES = PostgresServer() if DATABASE == "postgres" else None


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


VALKEY_PORT = free_port()
RTP_PORT = 10_000 + os.getpid() % 200 * 100  # below the ports that a system gives away

os.environ.update(
    {
        "DEBUG": "false",
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "SECRET_KEY_FALLBACKS": "",
        "LEDGER_KEY": "",
        "ENCRYPTION_KEYS": "",
        "EMAIL_URL": "",
        "OIDC_ISSUER": "",
        "DATABASE_URL": POSTGRES.url("earshot")
        if POSTGRES
        else f"sqlite:///{DIRECTORY / 'test.sqlite3'}",
        "REDIS_URL": f"redis://127.0.0.1:{VALKEY_PORT}/0",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "testserver",
        "ALLOWED_ORIGINS": "",
        "TRUSTED_PROXIES": "127.0.0.1",
        "PROBE_NETWORKS": "127.0.0.0/8,10.0.0.0/8,::1",
        "CHUNK_MS": "60",
        "RTP_HOST": "127.0.0.1",
        "RTP_PUBLIC_IP": "127.0.0.1",
        "RTP_PORTS": f"{RTP_PORT}-{RTP_PORT + 99}",
        "RTP_SOURCES": "",
        "RTP_EVENT_TYPES": "101",
        "RING_SECONDS": "30",
        "SILENT_FOR": "600",
        "SIGNALWIRE_API_TOKEN": "",
        "SIGNALWIRE_PROJECT_ID": "",
        "SIGNALWIRE_SPACE": "",
        "SIGNALWIRE_SIGNING_KEY": "PSK_test",
        "SIGNALWIRE_SIGNING_KEY_PREVIOUS": "",
        "SIGNALWIRE_SWAIG_SECRET": "only-for-tests-swaig",
        "SWML_BASIC_AUTH_USER": "signalwire",
        "SWML_BASIC_AUTH_PASSWORD": "only-for-tests",
        "SWML_PROXY_URL_BASE": "http://127.0.0.1:8000",
        "LOG_LEVEL": "INFO",
        "STATIC_ROOT": str(DIRECTORY / "static"),
    }
)
