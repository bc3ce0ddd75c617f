"""The messages of the system checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "zb4Q9vJ2yTn6WmKxR8cLpDfHs1GuAe3XoViBt7NqZkYrMwCd5E",
    "LEDGER_KEY": "h7Lq2XvR9cTn4WbKyM8sPfDz",
    "PUBLIC_URL": "https://taps.example.com",
    "DATABASE_URL": "postgres://earshot@db.example.com/earshot",
    "REDIS_URL": "rediss://redis.example.com:6379/0",
    "ALLOWED_HOSTS": "taps.example.com",
    "ALLOWED_ORIGINS": "",
    "SIGNALWIRE_SIGNING_KEY": "PSK_0123456789",
    "SIGNALWIRE_SPACE": "example.signalwire.com",
    "SIGNALWIRE_PROJECT_ID": "0123abcd",
    "SIGNALWIRE_API_TOKEN": "PT-0123456789",
    "SWML_BASIC_AUTH_USER": "signalwire",
    "SWML_BASIC_AUTH_PASSWORD": "a long password",
    "SWML_PROXY_URL_BASE": "https://taps.example.com",
    "TRUSTED_PROXIES": "10.0.0.0/8",
    "SIGNALWIRE_SWAIG_SECRET": "0123456789abcdef0123456789abcdef",
}


def manage(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=Path(django_settings.BASE_DIR),
        env={**os.environ, **PRODUCTION, **changes},
        capture_output=True,
        text=True,
        timeout=60,
    )


def ids(found: list[Any]) -> list[str]:
    assert all(message.hint for message in found)
    return [message.id for message in found]
