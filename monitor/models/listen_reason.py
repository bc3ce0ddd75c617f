"""The reasons for which users listen to calls, as they type them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitor.models.call import Call


class ListenReason(models.Model):
    """Why a user listens to a call. Of several, the newest counts, and for that call only.

    ``services.reasons`` alone writes this row. A listen session and the ledger have the text too,
    because this row is deleted with the call and with the user.
    """

    call = models.ForeignKey(
        Call, models.CASCADE, related_name="listen_reasons", verbose_name=_("call")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="listen_reasons",
        verbose_name=_("user"),
    )
    text = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("reason for listening")
        verbose_name_plural = _("reasons for listening")
        default_permissions = ()
        indexes = [models.Index(fields=("user", "-at"), name="reasons_of_user")]

    def __str__(self) -> str:
        return f"of user {self.user_id} for call {self.call_id}"
