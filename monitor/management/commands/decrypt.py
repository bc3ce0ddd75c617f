"""``manage.py decrypt``: store numbers and words in clear again."""

from __future__ import annotations

from django.core.management.base import CommandError

from monitor.management.conversion import Conversion
from monitor.models import encryption


class Command(Conversion):
    """Run it when every process has stopped encrypting, and before the keys are taken away."""

    help = "Decrypt the numbers and words of all rows, and fill the index of words."
    verb = "decrypt"

    def check_keys(self) -> None:
        if encryption.is_on() or not encryption.may_be_there():
            raise CommandError(
                "put none before the keys in ENCRYPTION_KEYS first, and restart all processes: "
                "they would encrypt what they write meanwhile"
            )
