"""Legal holds: calls of which nothing may be deleted."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call


class LegalHold(models.Model):
    """Nothing of a call is pruned or erased as long as this row is there.

    ``services.holds`` alone writes it, together with an entry in the ledger. The database refuses
    to delete the call, too.
    """

    call = models.OneToOneField(
        Call, models.PROTECT, primary_key=True, related_name="hold", verbose_name=_("call")
    )
    reason = models.CharField(_("reason"), max_length=200)
    username = models.CharField(_("user name"), max_length=150)
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        default_permissions = ()
        permissions = [("hold_call", _("Can put calls on legal hold, and end that"))]

    def __str__(self) -> str:
        return self.reason
