"""``manage.py ledgertips``: print the newest entries of the listening ledger, signed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from monitor.services.ledger_tips import signed_tips


class Command(BaseCommand):
    """Prints a signed list, which ``verifyledger --tips-file`` takes."""

    help = "Print the ledger's tips, signed with its key. Keep them on another machine, every day."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(signed_tips())
