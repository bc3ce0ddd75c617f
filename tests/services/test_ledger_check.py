"""Whatever is done to the ledger is found and named."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from monitor.models import LedgerEntry
from monitor.services import ledger_check
from monitor.services.ledger_chain import Tip
from tests.support.ledger import TABLE, faults, new_ledger, tamper, written

pytestmark = pytest.mark.django_db


class TestWithinAChain:
    @pytest.fixture
    def chain(self) -> str:
        """A chain of six entries: the tips, and those of five users."""
        return written(5).chain

    def test_an_untouched_chain_has_no_fault(self, chain: str) -> None:
        assert faults() == {}

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("username", "nobody"),
            ("user_id", 7),
            ("call_id", "another"),
            ("address", "192.0.2.9"),
            ("user_agent", "another"),
            ("kind", "exported"),
            ("listen", 7),
            ("tap", "a" * 32),
            ("at", "2026-01-01 00:00:00+00:00"),
            ("details", '{"a": 1}'),
            ("mac", "0" * 64),
        ],
    )
    def test_an_edited_entry_is_named(self, chain: str, column: str, value: object) -> None:
        tamper(f"UPDATE {TABLE} SET {column} = %s WHERE number = 3", value)
        assert faults() == {chain: "entry 3 was edited"}

    def test_an_edited_first_entry_is_named(self, chain: str) -> None:
        tamper(f"UPDATE {TABLE} SET details = '' WHERE number = 1")
        assert faults() == {chain: "entry 1 was edited"}

    def test_a_removed_entry_is_named(self, chain: str) -> None:
        tamper(f"DELETE FROM {TABLE} WHERE number = 3")
        assert faults() == {chain: "entry 3 is missing"}

    def test_removed_entries_at_the_beginning_are_named(self, chain: str) -> None:
        tamper(f"DELETE FROM {TABLE} WHERE number < 3")
        assert faults() == {chain: "entries 1 to 2 are missing"}

    def test_entries_that_were_numbered_again_to_hide_a_gap_are_found(self, chain: str) -> None:
        tamper(f"DELETE FROM {TABLE} WHERE number = 3")
        for number in (4, 5, 6):
            tamper(f"UPDATE {TABLE} SET number = %s WHERE number = %s", number - 1, number)
        assert faults() == {chain: "entry 3 was edited"}

    def test_exchanged_entries_are_named(self, chain: str) -> None:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            tamper(f"UPDATE {TABLE} SET number = %s WHERE number = %s", new, old)
        assert faults() == {chain: "entry 3 was moved: it was written as entry 4"}

    def test_a_made_up_entry_is_found(self, chain: str) -> None:
        last = LedgerEntry.objects.get(number=6)
        LedgerEntry(chain=chain, number=7, at=last.at, username="nobody", mac=last.mac).save()
        assert faults() == {chain: "entry 7 was edited"}

    def test_an_entry_that_was_moved_to_another_chain_is_found_in_both(self, chain: str) -> None:
        other = written(1).chain
        tamper(f"UPDATE {TABLE} SET chain = %s WHERE chain = %s AND number = 3", other, chain)
        assert faults() == {chain: "entry 3 is missing", other: "entry 3 was edited"}

    def test_another_key_fits_no_entry(self, chain: str, settings: Settings) -> None:
        settings.LEDGER_KEY = "another"
        assert faults() == {chain: "entry 1 was edited"}


class TestBetweenChains:
    def test_a_chain_that_was_cut_off_is_found_by_what_another_one_knows(self) -> None:
        cut, other = written(3), written(1)
        tamper(f"DELETE FROM {TABLE} WHERE chain = %s AND number > 2", cut.chain)
        knows = f"entry 1 of {other.chain} knows of them"
        assert faults() == {cut.chain: f"entries 3 to 4 are cut off: {knows}"}

    def test_a_chain_that_was_removed_is_found_by_what_another_one_knows(self) -> None:
        gone, other = written(3), written(1)
        tamper(f"DELETE FROM {TABLE} WHERE chain = %s", gone.chain)
        knows = f"entry 1 of {other.chain} knows of 4 entries"
        assert faults() == {gone.chain: f"the chain is missing: {knows}"}

    def test_what_a_process_publishes_later_counts(self) -> None:
        cut, publishing = new_ledger(), new_ledger()
        written(1, publishing)
        chain = written(3, cut).chain
        publishing.publish()
        tamper(f"DELETE FROM {TABLE} WHERE chain = %s AND number = 4", chain)
        assert faults()[chain].startswith("entry 4 is cut off")

    def test_a_cut_after_the_last_publication_is_found_by_a_tip_from_the_log(self) -> None:
        tip = written(3)
        tamper(f"DELETE FROM {TABLE} WHERE number = 4")
        assert faults() == {}
        assert faults(tip) == {
            tip.chain: "entry 4 is cut off: the tip that was given knows of them"
        }

    def test_a_chain_that_was_written_again_with_the_key_is_found_by_a_tip(self) -> None:
        tip = written(3)._replace(mac="0" * 64)
        fault = "entry 4 is another one than the tip that was given knows of"
        assert faults(tip) == {tip.chain: fault}

    def test_what_is_written_during_the_check_is_no_fault(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = iter(["first", "second", "third"])
        monkeypatch.setattr(secrets, "token_hex", lambda size: next(names))
        growing, publishing = new_ledger(), new_ledger()
        written(1, growing)
        written(1, publishing)
        rows = ledger_check._rows

        def rows_while_a_server_writes(chain: str) -> Iterator[tuple[Any, ...]]:
            yield from rows(chain)
            if chain == "first":
                written(1, growing)
                written(1)
                publishing.publish()

        monkeypatch.setattr(ledger_check, "_rows", rows_while_a_server_writes)
        assert faults() == {}


class TestTheCommand:
    def run(self, *options: str) -> str:
        output = io.StringIO()
        call_command("verifyledger", *options, stdout=output)
        return output.getvalue()

    def test_it_prints_the_tip_of_each_chain(self) -> None:
        tips = sorted([written(1), written(2)])
        lines = [f"{tip.chain}:{tip.number}:{tip.mac}" for tip in tips]
        assert self.run().splitlines() == [*lines, "5 entries are as they were written"]

    def test_it_fails_where_a_chain_has_a_fault(self) -> None:
        written(1)
        tamper(f"DELETE FROM {TABLE} WHERE number = 1")
        with pytest.raises(CommandError, match="chains with a fault: 1"):
            self.run()

    def test_it_takes_a_tip_as_the_log_has_it(self) -> None:
        tip = written(1)
        tamper(f"DELETE FROM {TABLE} WHERE number = 2")
        with pytest.raises(CommandError):
            self.run("--tip", f"{tip.chain}:2")
        with pytest.raises(CommandError, match="is not CHAIN:NUMBER"):
            self.run("--tip", tip.chain)

    def test_a_chain_of_the_time_before_the_key_was_changed_needs_the_former_key(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        settings.LEDGER_KEY = "the former key"
        written(1)
        settings.LEDGER_KEY = "the new key"
        written(1)
        with pytest.raises(CommandError, match="chains with a fault: 1"):
            self.run()
        file = tmp_path / "key"
        file.write_text("the former key\n")
        assert "4 entries are as they were written" in self.run("--key-file", str(file))

    def test_a_tip_without_a_mac_is_enough_to_find_a_cut(self) -> None:
        assert faults(Tip(written(1).chain, 9)) != {}
