"""Process: the objects of which every process has exactly one.

``MonitorConfig`` makes it when Django starts, and hands it to the signal handlers. The
composition root (``monitor.runtime``) hands it on to the loops and sockets. Views, and the
services that they call, ask ``this_process`` for it: Django calls them with a request only.
"""

from __future__ import annotations

from typing import Any, cast

from django.apps import apps

from monitor.bus.outgoing import Outgoing
from monitor.bus.publish import Publisher
from monitor.bus.revocations import Revocations
from monitor.telemetry.metrics import Metrics


class Process:
    """Holds the objects that all threads of a process share."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.outgoing = Outgoing(self.metrics)
        self.publisher = Publisher()
        self.revocations = Revocations(self.publisher)


def this_process() -> Process:
    """Return the Process that MonitorConfig has made."""
    config: Any = apps.get_app_config("monitor")
    return cast("Process", config.process)
