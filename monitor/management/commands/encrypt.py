"""``manage.py encrypt``: encrypt what was stored before, or with an older key."""

from __future__ import annotations

from django.core.management.base import CommandError

from monitor.management.conversion import Conversion
from monitor.models import encryption


class Command(Conversion):
    """Run it when every process has the new key, and before an old key is taken away."""

    help = (
        "Encrypt the numbers and words of all rows with the first key of ENCRYPTION_KEYS, and "
        "empty the index of words."
    )
    verb = "encrypt"

    def check_keys(self) -> None:
        if not encryption.is_on():
            raise CommandError("ENCRYPTION_KEYS has no key in the first place to encrypt with")
