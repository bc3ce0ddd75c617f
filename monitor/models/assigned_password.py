"""Passwords that somebody else knows."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AssignedPassword(models.Model):
    """Records that somebody else knows a user's password, because they set it.

    Until the user chooses another password, which deletes the row, they may do nothing else.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("assigned password")
        verbose_name_plural = _("assigned passwords")

    def __str__(self) -> str:
        return f"of user {self.user_id}"
