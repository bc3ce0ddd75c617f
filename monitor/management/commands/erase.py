"""``manage.py erase``: take a phone number, and what was said in its calls, out of the history."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.management.overwriting import overwrite
from monitor.services import erasure, ledger
from monitor.services.erasure import Erasure


class Command(BaseCommand):
    """Reads the number from standard input if none is given: arguments are seen by other users of
    the machine, and stay in the shell's history. Fails if calls were left as they are."""

    help = (
        "Replace a phone number by a pseudonym in all history, and delete what was said in its "
        "calls. Calls on legal hold and calls that go on are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="?", help="the number (default: from standard input)")
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["number"] or sys.stdin.readline().strip()
        try:
            erased = erasure.erase(number, dry_run=options["dry_run"])
        except (ValueError, ledger.NotWritten) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_told(erased, dry_run=options["dry_run"]))
        if not options["dry_run"]:
            overwrite()
        if erased.unreadable:
            self.stderr.write(
                f"{erased.unreadable} rows are encrypted with a key that is missing: whether they "
                "have the number, nobody can tell"
            )
        if left := erased.held + erased.going_on:
            raise CommandError(
                f"{left} calls still have the number: {erased.held} on legal hold, "
                f"{erased.going_on} that go on or ended a moment ago"
            )


def _told(erased: Erasure, *, dry_run: bool) -> str:
    verb = "would be erased" if dry_run else "erased"
    return (
        f"{verb}: {erased.calls} calls, now of {erased.pseudonym}; "
        f"{erased.mentions} other rows that have the number"
    )
