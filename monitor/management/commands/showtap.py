"""``manage.py showtap``: print everything that is kept about one tap."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from monitor.models import Tap
from monitor.telemetry.redaction import printable


class Command(BaseCommand):
    """Prints the tap's row and its call's, its timeline, and who listened."""

    help = "Show a tap with its call, its events and who listened to it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tap", help="the tap's id")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tap = find(options["tap"])
        if options["json"]:
            self.stdout.write(json.dumps(describe(tap), cls=DjangoJSONEncoder))
            return
        for line in lines(tap):
            self.stdout.write(printable(line))


def lines(tap: Tap) -> Iterator[str]:
    """Yield what is kept about a tap as lines of text."""
    for name, value in (columns(tap) | {"call": tap.call.call_id}).items():
        yield f"{name:<16} {value}"
    for event in tap.events.all():
        yield f"{event.at:%Y-%m-%d %H:%M:%S.%f} {event}"
    for listen in tap.listens.all():
        until = f"{listen.ended_at:%H:%M:%S}" if listen.ended_at else "now"
        yield f"{listen.started_at:%Y-%m-%d %H:%M:%S} {listen.who} listened until {until}"


def find(name: str) -> Tap:
    """Return the tap with that id. Raises CommandError."""
    try:
        return Tap.objects.select_related("call").get(pk=uuid.UUID(name))
    except (ValueError, Tap.DoesNotExist):
        raise CommandError(f"no tap has the id {name[:80]}") from None


def describe(tap: Tap) -> dict[str, Any]:
    """Return everything that is kept about a tap, for JSON."""
    shown = ("at", "old", "new", "reason", "payload", "repeats")
    return {
        **columns(tap),
        "call": columns(tap.call),
        "events": list(tap.events.values(*shown)),
        "listens": [columns(listen) for listen in tap.listens.all()],
    }


def columns(row: Model) -> dict[str, Any]:
    """Return the columns of a row; a related row is its key."""
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
