"""What ``manage.py encrypt`` and ``manage.py decrypt`` have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.management.overwriting import overwrite
from monitor.services import encrypted_rows, word_search
from monitor.services.encrypted_rows import Kind

TOLD_EVERY = 10_000  # rows


class Conversion(BaseCommand):
    """Brings all rows to the newest key, a line for each kind. It can be interrupted, and run once
    more. Fails if rows are left that no key opens."""

    verb = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_keys()
        kinds = list(encrypted_rows.kinds())
        for kind in kinds:
            self.stdout.write(self._preview(kind) if options["dry_run"] else self._done(kind))
        if not options["dry_run"]:
            word_search.forget_deleted()
            overwrite()
        if lost := sum(kind.lost().count() for kind in kinds):
            raise CommandError(
                f"{lost} rows are encrypted with a key that is not listed in ENCRYPTION_KEYS: "
                "put it back at the end of the list, and run this once more"
            )

    def check_keys(self) -> None:
        """Refuse keys with which this command makes no sense."""
        raise NotImplementedError

    def _preview(self, kind: Kind) -> str:
        return f"{kind.name}: would {self.verb} {kind.due().count()} of {kind.count()}"

    def _done(self, kind: Kind) -> str:
        def tell(done: int) -> None:
            if done % TOLD_EVERY == 0:
                self.stdout.write(f"{kind.name}: {self.verb}ed {done} so far")

        return f"{kind.name}: {self.verb}ed {encrypted_rows.convert(kind, tell)} of {kind.count()}"
