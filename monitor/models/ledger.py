"""The listening ledger: who heard, read, started, stopped and exported what.

Its entries are only ever added. They refer to nothing by foreign key, so that no deletion of a
user, a call or a tap reaches them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitor.models.account import account_label


class AppendOnly(Exception):
    """Entries of the ledger are neither changed nor deleted."""


class LedgerKind(models.TextChoices):
    """What an entry tells of."""

    TIPS = "tips", _("State of the chains")
    LISTEN_BEGAN = "listen_began", _("Began to listen")
    LISTEN_ENDED = "listen_ended", _("Stopped listening")
    WORDS_READ = "words_read", _("Read what was said")
    TAP_ASKED = "tap_asked", _("Asked to have a call tapped")
    TAP_STOP_ASKED = "tap_stop_asked", _("Asked to stop the monitoring of a call")
    PAUSED = "paused", _("Paused a call")
    RESUMED = "resumed", _("Resumed a call")
    PAUSE_EXPIRED = "pause_expired", _("A pause ended by itself")
    EXPORTED = "exported", _("Exported")
    LIST_BEGAN = "list_began", _("Began to see last lines in the live list")
    LIST_ENDED = "list_ended", _("Left the live list")
    LEDGER_READ = "ledger_read", _("Read the ledger")
    SIGNED_IN = "signed_in", _("Signed in")
    SIGNED_OUT = "signed_out", _("Signed out")
    SIGN_IN_REFUSED = "sign_in_refused", _("Was refused to sign in")
    REFUSED = "refused", _("Was refused")
    RIGHTS_CHANGED = "rights_changed", _("Changed who may do what")
    HELD = "held", _("Put a call on legal hold")
    RELEASED = "released", _("Ended the legal hold of a call")
    ERASED = "erased", _("Erased a number")


def _refuse() -> NoReturn:
    raise AppendOnly("entries of the ledger are only added")


class LedgerRows(models.QuerySet["LedgerEntry", "LedgerEntry"]):
    """Rows that can be read and added."""

    def update(self, **kwargs: Any) -> int:
        _refuse()

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse()

    def _raw_delete(self, using: str | None) -> int:
        _refuse()

    def bulk_update(self, objs: Iterable[LedgerEntry], *args: Any, **kwargs: Any) -> int:
        _refuse()

    def bulk_create(
        self, objs: Iterable[LedgerEntry], *args: Any, **kwargs: Any
    ) -> list[LedgerEntry]:
        if kwargs.get("update_conflicts"):
            _refuse()
        return super().bulk_create(objs, *args, **kwargs)


class LedgerEntry(models.Model):
    """An entry of a chain. ``mac`` covers all of it and the MAC of the entry before."""

    chain = models.CharField(_("chain"), max_length=12, help_text=_("of one server process"))
    number = models.PositiveBigIntegerField(_("number"), help_text=_("in its chain"))
    at = models.DateTimeField(_("time"), db_index=True)
    kind = models.CharField(_("what"), max_length=20, choices=LedgerKind)
    user_id = models.BigIntegerField(_("user ID"), null=True)
    username = models.CharField(_("user name"), max_length=150, blank=True, db_index=True)
    call_id = models.CharField(_("call ID"), max_length=255, blank=True, db_index=True)
    tap = models.UUIDField(_("tap"), null=True)
    listen = models.BigIntegerField(_("listen session"), null=True)
    address = models.CharField(_("IP address"), max_length=45, blank=True, db_index=True)
    user_agent = models.CharField(_("browser"), max_length=200, blank=True)
    #: JSON, kept as text: the MAC is of these bytes.
    details = models.TextField(_("details"), blank=True)
    mac = models.CharField(_("MAC"), max_length=64)

    objects = LedgerRows.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("listening ledger")
        ordering = ("-at",)
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=("chain", "number"), name="entry_of_chain"),
        ]
        indexes = [
            models.Index(fields=("kind", "-id"), name="ledger_of_kind"),
            models.Index(
                fields=("listen",), condition=~models.Q(listen=None), name="ledger_of_listen"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain}:{self.number}"

    def save(self, **kwargs: Any) -> None:
        """Add the entry. Raises AppendOnly if it is there already."""
        if not self._state.adding:
            _refuse()
        super().save(**{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _refuse()

    @property
    def who(self) -> str:
        return account_label(self.username, self.user_id) if self.username else ""
