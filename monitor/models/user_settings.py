"""A user's settings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from monitor.models.encrypted import EncryptedJSONField


class UserSettings(models.Model):
    """What a user has set on the pages. ``services/user_settings.py`` says what it may hold."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="page_settings",
        verbose_name=_("user"),
    )
    values = EncryptedJSONField(
        _("values"), default=dict, help_text=_("only what differs from the defaults")
    )

    class Meta:
        default_permissions = ()  # users change their own, and nobody sees another's
        verbose_name = _("user settings")
        verbose_name_plural = _("user settings")

    def __str__(self) -> str:
        return f"of user {self.user_id}"
