"""``manage.py rtptaps`` that loses its patience sooner: stalled after 1 s, rows written each
second, ports given back 2 s after the last packet."""

from __future__ import annotations

import datetime
import os
from unittest.mock import patch

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  needs the apps

from monitor.limits import Limits  # noqa: E402
from monitor.management.commands import rtptaps  # noqa: E402
from monitor.services import rtp_ports  # noqa: E402

SHORT = Limits(stall=1.0, silent_for=settings.SILENT_FOR, checkpoint_every=1.0, release_every=0.5)
with (
    patch.object(rtptaps, "limits_from_settings", lambda: SHORT),
    patch.object(rtp_ports, "COOL_OFF", datetime.timedelta(seconds=2)),
):
    call_command("rtptaps")
