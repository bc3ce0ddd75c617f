"""``manage.py closelost``: end the taps and listens that nobody ended."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from monitor import listens, media


class Command(BaseCommand):
    """A running server does the same every 30 seconds."""

    help = "End taps whose media is gone, and listens whose server is gone."

    def handle(self, *args: Any, **options: Any) -> None:
        lost, failed = media.close_lost()
        abandoned = listens.close_abandoned()
        self.stdout.write(f"taps: {lost} lost, {failed} failed; listens: {abandoned} abandoned")
