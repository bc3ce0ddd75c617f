"""``manage.py closelost``: end the taps and listen sessions that nothing else has ended."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from monitor.services import listens, media


class Command(BaseCommand):
    """Does once what a running server does every 30 seconds."""

    help = "End taps whose media is gone, and listen sessions whose server is gone."

    def handle(self, *args: Any, **options: Any) -> None:
        lost, failed = media.end_lost()
        abandoned = listens.end_abandoned()
        self.stdout.write(f"taps: {lost} lost, {failed} failed; listens: {abandoned} abandoned")
