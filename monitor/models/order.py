"""What people ask a carrier to do."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.models.account import account_label
from monitor.models.call import Call
from monitor.models.tap import Tap


class OrderKind(models.TextChoices):
    """What is to be done with a tap."""

    START = "start", _("Start")
    STOP = "stop", _("Stop")


class CallOrder(models.Model):
    """Records that somebody had a tap of a call started or stopped, and what came of it.

    A row is also the request itself: a worker claims it, sends it to the carrier, and writes the
    answer into it. It is open until ``done_at`` is set, and failed if it then has an error.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="orders", verbose_name=_("call"))
    tap = models.ForeignKey(Tap, models.CASCADE, related_name="orders", verbose_name=_("tap"))
    kind = models.CharField(_("what"), max_length=5, choices=OrderKind)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="orders",
        verbose_name=_("asked by"),
    )
    username = models.CharField(
        _("user name"), max_length=150, db_index=True, help_text=_("kept when the user is deleted")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    claimed_at = models.DateTimeField(
        _("sent"),
        null=True,
        blank=True,
        help_text=_("when a worker began to ask the carrier; empty if it had not to be asked"),
    )
    done_at = models.DateTimeField(_("answered"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("call order")
        verbose_name_plural = _("call orders")
        ordering = ("-asked_at", "-id")
        constraints = [
            # A tap is started once and stopped once, however many people press the button.
            models.UniqueConstraint(fields=("tap", "kind"), name="order_of_tap"),
        ]
        indexes = [
            models.Index(fields=("-asked_at",)),
            models.Index(fields=("asked_at",), condition=models.Q(done_at=None), name="open_order"),
        ]

    def __str__(self) -> str:
        return gettext("%(what)s for %(who)s") % {"what": self.get_kind_display(), "who": self.who}

    @property
    def who(self) -> str:
        return account_label(self.username, self.asked_by_id)

    @property
    def is_open(self) -> bool:
        """Whether the outcome is not known yet."""
        return self.done_at is None
