"""Records of sign-ins and failed sign-ins. They are evidence, so nobody can change them here.

``manage.py prune`` deletes old ones.
"""

from __future__ import annotations

from axes import admin as axes
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib import admin
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monitor.admin.base import ReadOnly
from monitor.admin.log import Logged

admin.site.unregister([AccessAttempt, AccessFailureLog, AccessLog])


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnly, Logged, axes.AccessAttemptAdmin):  # type: ignore[misc]  # axes has no types
    """The counts of failed sign-ins that the lock-out uses."""

    actions = None  # axes offers to delete rows

    @admin.display(description=_("status"))
    def status(self, attempt: AccessAttempt) -> str:
        left = settings.AXES_FAILURE_LIMIT - attempt.failures_since_start
        if left <= 0:
            return gettext("must wait")
        return ngettext("%(n)s more may fail", "%(n)s more may fail", left) % {"n": left}


@admin.register(AccessFailureLog)
class FailureAdmin(ReadOnly, Logged, axes.AccessFailureLogAdmin):  # type: ignore[misc]  # as above
    """The list of failed sign-ins."""


@admin.register(AccessLog)
class SignInAdmin(ReadOnly, Logged, axes.AccessLogAdmin):  # type: ignore[misc]  # as above
    """The list of sign-ins and sign-outs."""
