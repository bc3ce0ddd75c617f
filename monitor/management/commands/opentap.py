"""``manage.py opentap``: open a tap without an agent, for other senders and for tests."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.audio.g711 import CODECS
from monitor.models import Direction, Notice, Transport
from monitor.services import taps


class Command(BaseCommand):
    """Prints URIs that contain tokens: whoever has them can send the tap's media."""

    help = "Open a tap, and print the URIs that SignalWire would be given for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--call-id", default="", help="the call's id (default: a new one)")
        parser.add_argument("--agent", default="", help="the agent's name (default: none)")
        parser.add_argument(
            "--direction",
            default=Direction.BOTH,
            help=f"{', '.join(Direction.values)} (default: both)",
        )
        parser.add_argument("--codec", default="PCMU", help=f"{', '.join(CODECS)} (default: PCMU)")
        parser.add_argument(
            "--transport",
            default=Transport.WS,
            help=f"{', '.join(Transport.values)} (default: ws)",
        )
        parser.add_argument(
            "--notice",
            default="",
            help=f"how the parties were told: {', '.join(Notice.values)} (default: not at all)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            opened = taps.open_tap(
                options["call_id"] or str(uuid.uuid4()),
                agent=options["agent"],
                direction=options["direction"],
                codec=options["codec"],
                transport=options["transport"],
                notice=options["notice"],
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
