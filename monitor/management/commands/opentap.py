"""``manage.py opentap``: a tap without an agent, for other senders and for tests."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor import taps


class Command(BaseCommand):
    """The URIs it prints hold tokens: whoever has them can be the tap's media."""

    help = "Open a tap, and print what SignalWire would be given for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--call-id", default="", help="the call (a new one)")
        parser.add_argument("--agent", default="", help="the agent's name (none)")
        parser.add_argument("--direction", default="both", help="both, speak or listen (both)")
        parser.add_argument("--codec", default="PCMU", help="PCMU or PCMA (PCMU)")
        parser.add_argument("--transport", default="ws", help="ws or rtp (ws)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            opened = taps.open_tap(
                options["call_id"] or str(uuid.uuid4()),
                agent=options["agent"],
                direction=options["direction"],
                codec=options["codec"],
                transport=options["transport"],
            )
        except (ValueError, taps.AlreadyTapped, taps.NoPort) as error:
            raise CommandError(str(error)) from None
        facts = {
            "tap": str(opened.tap.pk),
            "control_id": opened.tap.control_id,
            "uri": opened.uri,
            "status_url": opened.status_url,
        }
        if options["json"]:
            self.stdout.write(json.dumps(facts))
        else:
            for name, value in facts.items():
                self.stdout.write(f"{name:<11} {value}")
