"""The one app with models."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class MonitorConfig(AppConfig):
    """Registers the checks, the groups and the revocation of open sockets."""

    name = "monitor"
    verbose_name = "Earshot"

    def ready(self) -> None:
        # Imported here because they need the models to be loaded.
        from . import (  # noqa: F401
            checks,
            groups,
            known_device,
            passwords,
            redis_server,
            revocation,
            sqlite,
        )

        post_migrate.connect(groups.ensure_supervisors, sender=self)
        revocation.connect()
        known_device.connect()
        passwords.connect()
        connection_created.connect(sqlite.refuse_patterns)


class GuardedAdminConfig(AdminConfig):
    """Django's admin, on our own site."""

    default_site = "monitor.admin_site.Site"
