"""The lease of a UDP port."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitor.models.tap import Tap


class RtpLease(models.Model):
    """A UDP port leased to one tap, and to no other until some time after the tap's end.

    Leases are rows so that they survive every process, and so that a constraint keeps two
    taps from leasing the same port.
    """

    tap = models.OneToOneField(Tap, models.CASCADE, related_name="rtp_lease", verbose_name=_("tap"))
    address = models.GenericIPAddressField(_("IP address"))  # RTP_PUBLIC_IP
    port = models.PositiveIntegerField(_("port"))
    source_addr = models.GenericIPAddressField(_("sender's IP address"), null=True, blank=True)
    source_port = models.PositiveIntegerField(_("sender's port"), null=True, blank=True)
    renewed_at = models.DateTimeField(
        _("renewed"),
        null=True,
        blank=True,
        help_text=_("when the port was last busy: at the tap's end, or when a later packet came"),
    )

    class Meta:
        verbose_name = _("RTP lease")
        verbose_name_plural = _("RTP leases")
        constraints = [
            models.UniqueConstraint(fields=("address", "port"), name="port_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"
