"""``manage.py rtptaps`` that loses its patience sooner: stalled after 1 s, rows written each
second, ports given back 2 s after the last packet."""

from __future__ import annotations

import datetime
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs the apps

from monitor import leases  # noqa: E402
from monitor.live import stream, streams  # noqa: E402

stream.STALL, streams.CHECKPOINT = 1.0, 1.0
leases.COOL_OFF = datetime.timedelta(seconds=2)

from monitor.live import receiver  # noqa: E402  takes some of these by value

receiver.GIVE_BACK = 0.5
call_command("rtptaps")
