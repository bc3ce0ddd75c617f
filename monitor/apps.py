"""The configuration of Django's apps: Earshot itself, and its admin."""

from __future__ import annotations

import axes.apps
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.signals import request_finished
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MonitorConfig(AppConfig):
    """Makes the Process and the Ledger, and registers the checks and the signal handlers."""

    name = "monitor"
    verbose_name = "Earshot"

    def ready(self) -> None:
        # These modules import models, which Django has only loaded by now.
        from monitor import checks  # noqa: F401
        from monitor.bus import server_checks  # noqa: F401
        from monitor.bus.process import Process
        from monitor.models import encryption_check, sqlite  # noqa: F401
        from monitor.services import groups, provider_checks  # noqa: F401
        from monitor.services.ledger import Ledger
        from monitor.services.refusals import Refusals
        from monitor.services.rights_record import RightsRecord
        from monitor.web import (
            known_device,
            language,
            password_change,
            session_age,
            sign_in_record,
        )
        from monitor.web.revocation import RevocationSignals

        self.process = Process()
        self.ledger = Ledger(self.process.metrics.ledger_entries)
        self.refusals = Refusals()
        self.rights_record = RightsRecord()
        self.rights_record.connect(self)
        post_migrate.connect(groups.make_roles, sender=self)
        post_migrate.connect(self.rights_record.resume, sender=self)
        RevocationSignals(self.process.revocations).connect()
        known_device.connect()
        language.connect()
        password_change.connect()
        session_age.connect()
        sign_in_record.connect()
        connection_created.connect(sqlite.refuse_patterns)
        request_finished.connect(sqlite.close_after_request)


class SignInsConfig(axes.apps.AppConfig):  # type: ignore[misc]  # axes has no types
    """django-axes under a name that says what its tables hold."""

    verbose_name = _("Sign-ins")


class GuardedAdminConfig(AdminConfig):
    """Django's admin app, with our own site as its default."""

    default_site = "monitor.web.admin_site.Site"
