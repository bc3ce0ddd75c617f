"""The SignalWire side: the skill that starts taps, and the agents that have it.

Importing the package makes Django ready and tells the SDK its public address:
the SDK reads the environment when an agent is built, and ``swaig-test`` loads
an agent's file with nothing set up before it. The SDK's other variables
(credentials, signing key, token secret) have the names that
``monitor.settings`` reads too, so ``.env`` has put them in place by then.
"""

from __future__ import annotations

import logging
import os

import django
from django.apps import apps
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
if not apps.ready:
    django.setup()

# Hook URLs are built from it, and the SDK checks signatures against it.
os.environ.setdefault("SWML_PROXY_URL_BASE", settings.PUBLIC_URL)


def _quiet() -> None:
    """Keep the SDK from telling of every agent, skill and tool call, as it does at INFO."""
    sdk_logger = logging.getLogger("signalwire")
    if os.environ.get("SIGNALWIRE_LOG_MODE") == "off":  # swaig-test, unless it is to be verbose
        sdk_logger.setLevel(logging.CRITICAL)
    elif sdk_logger.level == logging.NOTSET:
        sdk_logger.setLevel(os.environ.get("SIGNALWIRE_LOG_LEVEL", "WARNING").upper())
    # It warns of the very variable that is set above, for every agent.
    service_logger = logging.getLogger("signalwire.swml_service")
    service_logger.addFilter(lambda record: "SWML_PROXY_URL_BASE is" not in record.getMessage())


_quiet()
