"""Who somebody is at the identity provider with which users sign in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderIdentity(models.Model):
    """Connects an account with a person at the provider, whose names may change there."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="provider_identity",
        verbose_name=_("user"),
    )
    issuer = models.CharField(_("issuer"), max_length=255)
    subject = models.CharField(_("subject"), max_length=255)

    class Meta:
        verbose_name = _("identity at the provider")
        verbose_name_plural = _("identities at the provider")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=("issuer", "subject"), name="one_account_of_subject"),
        ]

    def __str__(self) -> str:
        return f"of user {self.user_id}"
