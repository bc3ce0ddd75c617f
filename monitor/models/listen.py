"""A listener's session."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.models.account import account_label
from monitor.models.tap import Tap


class ListenSession(models.Model):
    """Records who heard which tap, from when to when. It is saved before any audio is sent."""

    tap = models.ForeignKey(Tap, models.PROTECT, related_name="listens", verbose_name=_("tap"))
    #: The call's, as a tap has it too.
    agent = models.CharField(
        _("agent"), max_length=100, blank=True, default="", db_default="", editable=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="listens",
        verbose_name=_("user"),
    )
    username = models.CharField(
        _("user name"), max_length=150, db_index=True, help_text=_("kept when the user is deleted")
    )
    reason = models.CharField(
        _("reason"), max_length=200, blank=True, help_text=_("why the user listened, if they said")
    )
    address = models.CharField(_("IP address"), max_length=45, blank=True, db_index=True)
    user_agent = models.CharField(_("browser"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("from"), default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)
    end_reason = models.CharField(_("ended because"), max_length=100, blank=True)
    frames = models.PositiveBigIntegerField(_("frames"), default=0, help_text=_("frames sent"))
    dropped = models.PositiveBigIntegerField(
        _("dropped"),
        default=0,
        help_text=_("frames not sent because the listener was too slow"),
    )
    #: Not known of sessions before they were counted.
    seconds_sent = models.FloatField(_("seconds sent"), null=True)
    seconds_acknowledged = models.FloatField(_("seconds acknowledged"), null=True)
    seconds_rewound = models.FloatField(
        _("seconds rewound"), null=True, help_text=_("of those sent: older audio")
    )

    class Meta:
        verbose_name = _("listen session")
        verbose_name_plural = _("listen sessions")
        ordering = ("-started_at",)
        indexes = [
            models.Index(fields=("tap", "ended_at")),
            models.Index(fields=("-started_at",)),
            models.Index(fields=("user", "-started_at")),
            models.Index(fields=("agent", "-started_at"), name="listen_of_agent"),
            # Who has listened to an agent, whom the history offers to filter by.
            models.Index(fields=("agent", "user"), name="listener_of_agent"),
            models.Index(
                fields=("-started_at",), condition=models.Q(ended_at=None), name="listening_now"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(who)s on %(tap)s") % {"who": self.who, "tap": self.tap_id}

    @property
    def who(self) -> str:
        return account_label(self.username, self.user_id)

    @property
    def duration(self) -> datetime.timedelta:
        return (self.ended_at or timezone.now()) - self.started_at
