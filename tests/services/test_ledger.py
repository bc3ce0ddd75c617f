"""The listening ledger: entries are only added, and each hangs on the one before."""

from __future__ import annotations

import logging
import os

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from monitor.models import AppendOnly, LedgerEntry, LedgerKind
from monitor.services import ledger as ledgers
from monitor.services.ledger import Ledger, NotWritten
from monitor.services.ledger_chain import Tip
from monitor.telemetry.metrics import Counter
from tests.support.ledger import entry, faults, new_ledger, protect, tamper, tip_of, written

pytestmark = pytest.mark.django_db
REFUSED = "entries of the ledger are only added"


class TestAppending:
    def test_a_chain_begins_with_the_tips_of_the_others(self) -> None:
        other = written(2)
        written(1)
        first = LedgerEntry.objects.exclude(chain=other.chain).order_by("number")[0]
        assert (first.number, first.kind) == (1, LedgerKind.TIPS)
        assert ledgers.tips_in(first.details) == [other]

    def test_entries_are_numbered_in_the_order_in_which_they_come(self) -> None:
        ledger = new_ledger()
        ledger.append([entry(1), entry(2)])
        ledger.append([entry(3)])
        rows = LedgerEntry.objects.order_by("number").values_list("number", "username")
        assert list(rows) == [(1, ""), (2, "user-1"), (3, "user-2"), (4, "user-3")]

    def test_the_same_entry_has_another_mac_at_another_place(self) -> None:
        written(1)
        written(1)
        assert LedgerEntry.objects.values("mac").distinct().count() == 4

    def test_a_failure_is_told_to_the_caller(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ledger = new_ledger()
        written(1, ledger)
        fail(monkeypatch)
        with pytest.raises(NotWritten):
            ledger.append([entry()])

    def test_after_a_failure_a_new_chain_begins_because_nobody_knows_what_was_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = new_ledger()
        before = written(1, ledger)
        with monkeypatch.context() as patch:
            fail(patch)
            with pytest.raises(NotWritten):
                ledger.append([entry()])
        after = written(1, ledger)
        assert (after.chain != before.chain, after.number) == (True, 2)

    def test_what_is_written_is_counted(self) -> None:
        counter = Counter("ledger_entries", "")
        written(2, Ledger(counter))
        assert counter.take() == {"": 3}  # with the tips that a chain begins with

    def test_a_process_that_was_forked_begins_a_chain_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = new_ledger()
        before = written(1, ledger)
        monkeypatch.setattr(os, "getpid", lambda: -1)
        assert written(1, ledger).chain != before.chain

    def test_an_entry_is_not_part_of_a_transaction_that_may_be_rolled_back(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            new_ledger().append([entry()])

    def test_texts_of_clients_fit_their_columns(self) -> None:
        new_ledger().append([entry(user_agent="\0" + "a" * 300, address="b" * 90)])
        row = LedgerEntry.objects.get(number=2)
        assert (row.user_agent, row.address) == ("a" * 200, "b" * 45)
        assert not faults()


def fail(patch: pytest.MonkeyPatch) -> None:
    """Have the database take no entries."""

    def bulk_create(rows: object) -> None:
        raise DatabaseError("disk full")

    patch.setattr(LedgerEntry.objects, "bulk_create", bulk_create)


class TestPublishing:
    def test_the_tips_are_written_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        ledger = new_ledger()
        written(1, ledger)
        with caplog.at_level(logging.INFO, "monitor.services.ledger"):
            ledger.publish()
        tip = tip_of(ledger)
        assert caplog.messages == [f"the ledger's chain {tip.chain} has 3 entries, mac {tip.mac}"]
        assert LedgerEntry.objects.get(number=3).kind == LedgerKind.TIPS

    def test_nothing_is_published_twice(self) -> None:
        ledger = new_ledger()
        written(1, ledger)
        ledger.publish()
        ledger.publish()
        assert LedgerEntry.objects.count() == 3

    def test_a_process_that_wrote_nothing_publishes_nothing(self) -> None:
        new_ledger().publish()
        assert not LedgerEntry.objects.exists()

    def test_a_chain_whose_process_ended_before_is_named_too(self) -> None:
        ended, between, last = written(1), written(1), written(1)
        assert set(ledgers.tips()) == {ended, between, last}

    def test_the_newest_hundred_chains_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ledgers, "TIPS", 2)
        written(1)
        newer = [written(1), written(1)]
        assert ledgers.tips() == newer[::-1]


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _some(self) -> None:
        written(2)

    def test_a_row_is_not_saved_again(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.get(number=2).save()

    def test_a_row_does_not_take_anothers_place(self) -> None:
        row = LedgerEntry.objects.get(number=2)
        with pytest.raises(DatabaseError), transaction.atomic():
            LedgerEntry(pk=row.pk, chain="b", number=1, at=row.at).save()

    def test_a_row_is_not_deleted(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.get(number=2).delete()

    def test_rows_are_not_updated(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.update(username="nobody")

    def test_rows_are_not_deleted_together(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.filter(number=2).delete()

    def test_rows_are_not_updated_one_by_one(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.bulk_update([LedgerEntry.objects.get(number=2)], ["username"])

    def test_rows_are_not_updated_by_adding_them(self) -> None:
        row = LedgerEntry.objects.get(number=2)
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.bulk_create(
                [row], update_conflicts=True, update_fields=["username"], unique_fields=["id"]
            )

    def test_the_manager_of_related_rows_refuses_too(self) -> None:
        with pytest.raises(AppendOnly):
            LedgerEntry._base_manager.update(username="nobody")

    def test_rows_stay_when_their_user_is_deleted(self, alice: User) -> None:
        new_ledger().append([entry(user_id=alice.pk)])
        alice.delete()
        assert not faults()


class TestTriggers:
    """The database refuses what goes round the ORM."""

    @pytest.fixture(autouse=True)
    def _protected(self) -> None:
        written(2)
        protect()

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE monitor_ledgerentry SET username = 'nobody' WHERE number = 2",
            "DELETE FROM monitor_ledgerentry WHERE number = 2",
        ],
    )
    def test_a_change_is_refused(self, sql: str) -> None:
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            tamper(sql)

    def test_postgresql_refuses_to_empty_the_table(self) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("SQLite has no TRUNCATE")
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            tamper("TRUNCATE monitor_ledgerentry")

    def test_entries_are_still_added(self) -> None:
        assert written(1) != Tip("")
