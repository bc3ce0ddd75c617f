"""The one app with models."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MonitorConfig(AppConfig):
    """Registers the checks, the groups and the revocation of open sockets."""

    name = "monitor"
    verbose_name = "Earshot"

    def ready(self) -> None:
        from . import checks, groups, revocation  # noqa: F401  needs loaded models

        post_migrate.connect(groups.ensure_supervisors, sender=self)
        revocation.connect()
