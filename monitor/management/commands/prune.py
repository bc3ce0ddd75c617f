"""``manage.py prune``: delete old history."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import fields, replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.env_retention import Retention, days
from monitor.models import LegalHold
from monitor.services import pruning, word_search
from monitor.services.pruning import Kind

#: What is deleted of each kind of records.
WHAT = {
    "calls": "calls and taps that nobody listened to",
    "words": "what was said and done in calls",
    "listens": "calls and taps that were listened to, and who listened",
    "sign_ins": "records of sign-ins",
    "admin_log": "the admin's log",
}


class Command(BaseCommand):
    """Deletes what is old, a line for each kind. Who listened, and what was done in the admin, is
    evidence: it is kept for ever unless a setting or an argument says otherwise."""

    help = "Delete what is older than the settings say (KEEP_CALLS_DAYS and its like)."

    def add_arguments(self, parser: CommandParser) -> None:
        for field in fields(Retention):
            name = field.name.replace("_", "-")
            setting = f"KEEP_{field.name.upper()}_DAYS"
            parser.add_argument(
                f"--{name}-days",
                dest=field.name,
                type=_days,
                metavar="DAYS",
                help=f"after how many days to delete {WHAT[field.name]} (default: {setting})",
            )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="only tell what would be deleted, and what legal holds keep",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in WHAT if options[name] is not None}
        try:
            kinds = pruning.old_kinds(replace(settings.RETENTION, **given))
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["dry_run"]:
            lines = [_preview(kind) for kind in kinds]
            lines += [_held(hold, rows) for hold, rows in pruning.kept_by_holds(kinds)]
            self.stdout.write("\n".join(lines))
        else:
            for kind in kinds:
                self.stdout.write(f"{kind.name}: deleted {kind.delete()}{_kept(kind)}")
            word_search.forget_deleted()


def _days(text: str) -> float:
    try:
        return days(text)
    except ValueError as error:
        raise ArgumentTypeError(f"use {error}") from None


def _preview(kind: Kind) -> str:
    """Tell how many rows would be deleted, and how old the oldest is that would be kept."""
    oldest = kind.oldest_kept()
    age = f"the oldest kept is of {oldest:%Y-%m-%d}" if oldest else "none is kept"
    return f"{kind.name}: would delete {kind.rows.count()}{_kept(kind)}; {age}"


def _kept(kind: Kind) -> str:
    """Tell which old rows are kept, and why."""
    held = kind.held.count()
    return f"{kind.note}; legal holds keep {held}" if held else kind.note


def _held(hold: LegalHold, rows: Counter[str]) -> str:
    """Tell what a legal hold keeps. Its reason may name people, and this may end in a log."""
    kept = ", ".join(f"{number} {name}" for name, number in rows.items())
    return f"legal hold of {hold.call.call_id} since {hold.since:%Y-%m-%d}: keeps {kept}"
