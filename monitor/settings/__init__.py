"""Django settings, read once from the environment. A value that makes no sense stops the start.

A secret may also be in a file: ``SECRET_KEY_FILE`` names one, and is set instead of
``SECRET_KEY``. ``environment.py`` says where else the variables come from.
"""

from __future__ import annotations

from monitor.settings.application import *
from monitor.settings.browser import *
from monitor.settings.calls import *
from monitor.settings.carrier import *
from monitor.settings.environment import *
from monitor.settings.logs import *
from monitor.settings.provider import *
from monitor.settings.records import *
from monitor.settings.sign_in import *
from monitor.settings.site import *
