"""The admin's log."""

from __future__ import annotations

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.models.account import account_label


class AdminAction(models.Model):
    """What somebody did in the admin: read a page of the history, export a list, or change a row.

    It replaces Django's LogEntry, which is deleted together with its user. When a user is
    deleted, these rows stay under the user's name.
    """

    class Kind(models.TextChoices):
        """What was done."""

        LOOKED_AT = "looked at", _("Looked at")
        EXPORTED = "exported", _("Exported")
        ADDED = "added", _("Added")
        CHANGED = "changed", _("Changed")
        DELETED = "deleted", _("Deleted")

    at = models.DateTimeField(_("time"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="admin_actions",
        verbose_name=_("user"),
    )
    username = models.CharField(
        _("user name"), max_length=150, db_index=True, help_text=_("kept when the user is deleted")
    )
    kind = models.CharField(_("what"), max_length=9, choices=Kind)
    content_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, related_name="+", verbose_name=_("type")
    )
    object_id = models.CharField(_("object ID"), max_length=255, blank=True, db_index=True)
    object_repr = models.CharField(_("object"), max_length=200, db_index=True)
    message = models.TextField(_("details"), blank=True, help_text=_("which fields were changed"))

    class Meta:
        verbose_name = _("admin action")
        verbose_name_plural = _("admin actions")
        ordering = ("-at",)
        indexes = [
            models.Index(fields=("-at",)),
            models.Index(fields=("content_type", "object_id")),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.get_kind_display()} {self.object_repr}"

    @property
    def who(self) -> str:
        return account_label(self.username, self.user_id)
