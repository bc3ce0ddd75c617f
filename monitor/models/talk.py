"""The talk of a call: how long each of its parties talked, and how long both at once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call


class CallTalk(models.Model):
    """Who talked in a call, as far as its two parties were tapped apart.

    ``services.talks`` alone writes this row, every 10 s while the call goes on. It is no part of
    the call's own row, which others lock meanwhile. A call that was tapped as one mixed leg has
    none.
    """

    call = models.OneToOneField(
        Call, models.CASCADE, primary_key=True, related_name="talk", verbose_name=_("call")
    )
    speak = models.FloatField(_("caller’s talk time"), help_text=_("seconds"))
    listen = models.FloatField(_("agent’s talk time"), help_text=_("seconds"))
    overlap = models.FloatField(_("time in which both talked"), help_text=_("seconds"))
    overlaps = models.PositiveIntegerField(_("how often both talked at once"))
    speak_silence = models.FloatField(_("caller’s longest silence"), help_text=_("seconds"))
    listen_silence = models.FloatField(_("agent’s longest silence"), help_text=_("seconds"))
    speak_spoke_at = models.DateTimeField(_("caller spoke last"))
    listen_spoke_at = models.DateTimeField(_("agent spoke last"))
    until = models.DateTimeField(_("measured until"))

    class Meta:
        verbose_name = _("talk of a call")
        verbose_name_plural = _("talk of calls")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.speak:.0f} s, {self.listen:.0f} s"

    @property
    def speak_share(self) -> float | None:
        """The caller's share of all that was said, or None if nothing was."""
        return share_of(self.speak, self.listen)


def share_of(one: float, other: float) -> float | None:
    """Return the share that one party has of all that was said, or None if nothing was."""
    said = one + other
    return round(one / said, 3) if said else None
