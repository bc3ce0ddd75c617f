"""Records of sign-ins and of failed ones: evidence, which nobody changes or deletes here.

``manage.py prunetaps`` deletes the old ones.
"""

from __future__ import annotations

from axes import admin as axes
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin

from .base import ReadOnly
from .log import Logged

admin.site.unregister([AccessAttempt, AccessFailureLog, AccessLog])


@admin.register(AccessAttempt)
class AttemptAdmin(ReadOnly, Logged, axes.AccessAttemptAdmin):  # type: ignore[misc]  # axes has no types
    """Counted failures."""

    actions = None  # axes offers to delete some


@admin.register(AccessFailureLog)
class FailureAdmin(ReadOnly, Logged, axes.AccessFailureLogAdmin):  # type: ignore[misc]  # as above
    """Failed sign-ins."""


@admin.register(AccessLog)
class SignInAdmin(ReadOnly, Logged, axes.AccessLogAdmin):  # type: ignore[misc]  # as above
    """Sign-ins and sign-outs."""
