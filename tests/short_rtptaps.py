"""``manage.py rtptaps`` that loses its patience sooner: stalled after 1 s, dead after 3 s."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs the apps

from monitor.live import stream  # noqa: E402

stream.STALL, stream.DEAD = 1.0, 3.0
call_command("rtptaps")
