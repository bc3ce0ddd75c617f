"""The SignalWire side: the skill that starts taps, and the agents that have it.

Importing the package sets up Django and gives the SDK our public address, because the SDK reads
the environment when an agent is built, and ``swaig-test`` loads an agent's file with nothing set
up before it. The SDK's other variables (credentials, signing key, token secret) have the same
names as in ``monitor.settings``, which has by then read them from ``.env``. The SDK does not know
``_FILE``, so a secret that the settings read from a file is set as a variable here.
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

SDK_SECRETS = (
    "SIGNALWIRE_API_TOKEN",
    "SIGNALWIRE_SIGNING_KEY",
    "SIGNALWIRE_SWAIG_SECRET",
    "SWML_BASIC_AUTH_PASSWORD",
)

# The SDK builds hook URLs from this address, and checks signatures against it.
os.environ.setdefault("SWML_PROXY_URL_BASE", settings.PUBLIC_URL)


def _set_secrets() -> None:
    """Set the SDK's secrets as variables, and unset the variables that name their files.

    A child process inherits the variables, and would refuse a secret that is given both ways.
    """
    for name in SDK_SECRETS:
        if os.environ.pop(f"{name}_FILE", ""):
            os.environ[name] = getattr(settings, name)


def _quiet() -> None:
    """Stop the SDK from logging every agent, skill and tool call, as it does at INFO."""
    sdk_logger = logging.getLogger("signalwire")
    if os.environ.get("SIGNALWIRE_LOG_MODE") == "off":  # swaig-test, unless it is to be verbose
        sdk_logger.setLevel(logging.CRITICAL)
    elif sdk_logger.level == logging.NOTSET:
        sdk_logger.setLevel(os.environ.get("SIGNALWIRE_LOG_LEVEL", "WARNING").upper())
    # For every agent, the SDK warns about the variable that is set above.
    service_logger = logging.getLogger("signalwire.swml_service")
    service_logger.addFilter(lambda record: "SWML_PROXY_URL_BASE is" not in record.getMessage())


_set_secrets()
_quiet()
