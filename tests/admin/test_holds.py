"""Legal holds in the admin: who may put calls on them, and what the ledger has of that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Call, LedgerEntry, LegalHold
from monitor.services.taps import OpenedTap
from tests.support.cast import permit

pytestmark = pytest.mark.django_db(transaction=True)

CALLS = "/admin/monitor/call/"


def act(client: Client, opened: OpenedTap, action: str, reason: str = "") -> Any:
    chosen = {"_selected_action": [opened.tap.call_id], "action": action, "reason": reason}
    return client.post(CALLS, chosen, follow=True)


def kinds() -> list[str]:
    kinds = LedgerEntry.objects.filter(kind__in=("held", "released")).order_by("pk")
    return list(kinds.values_list("kind", flat=True))


def test_a_hold_has_a_reason_and_both_its_ends_are_in_the_ledger(
    as_bob: Client, bob: User, opened: OpenedTap
) -> None:
    permit(bob, "hold_call")
    assert "A legal hold needs a reason" in act(as_bob, opened, "hold").content.decode()
    assert "1 call is on legal hold." in act(as_bob, opened, "hold", "case 17").content.decode()
    assert (LegalHold.objects.get().reason, LegalHold.objects.get().username) == ("case 17", "bob")
    page = as_bob.get(f"{CALLS}{opened.tap.call_id}/change/").content.decode()
    assert "bob: case 17" in page
    assert "1 legal hold has ended." in act(as_bob, opened, "release").content.decode()
    assert not LegalHold.objects.exists()
    assert kinds() == ["held", "released"]
    [entry] = LedgerEntry.objects.filter(kind="held")
    assert (entry.call_id, entry.username, "case 17" in entry.details) == ("call-1", "bob", True)


def test_who_only_reads_the_history_may_not(as_bob: Client, opened: OpenedTap) -> None:
    act(as_bob, opened, "hold", "case 17")
    assert not LegalHold.objects.exists()
    assert Call.objects.exists()
