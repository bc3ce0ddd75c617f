"""The signed list of the ledger's tips, by which an end that was cut off is found."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from monitor.services.ledger_chain import key
from monitor.services.ledger_tips import NotSigned, read_tips
from tests.support.ledger import TABLE, tamper, written

pytestmark = pytest.mark.django_db


def printed() -> str:
    output = io.StringIO()
    call_command("ledgertips", stdout=output)
    return output.getvalue()


def verified(path: Path) -> str:
    output = io.StringIO()
    call_command("verifyledger", f"--tips-file={path}", stdout=output)
    return output.getvalue()


def test_it_has_the_tips_of_all_chains() -> None:
    tips = {written(1), written(2)}
    assert set(read_tips(printed(), [key()])) == tips


def test_it_is_read_with_the_key_of_its_time() -> None:
    tip = written(1)
    assert read_tips(printed(), [b"a newer key", key()]) == [tip]


def test_no_other_key_has_signed_it() -> None:
    written(1)
    with pytest.raises(NotSigned, match="another key"):
        read_tips(printed(), [b"another key"])


def test_no_character_of_it_may_be_changed() -> None:
    tip = written(1)
    text = printed()
    for at, was in enumerate(text):
        changed = text[:at] + ("1" if was != "1" else "2") + text[at + 1 :]
        with pytest.raises(NotSigned):
            read_tips(changed, [key()])
    assert read_tips(text, [key()]) == [tip]


@pytest.mark.parametrize("text", ["", "[]", '{"mac": 1, "tips": 5}', '{"mac": "", "tips": []}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(NotSigned):
        read_tips(text, [key()])


class TestVerifyledger:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Path:
        """A list that was kept when there was one chain of six entries."""
        written(5)
        path = tmp_path / "tips.json"
        path.write_text(printed())
        return path

    def test_an_end_that_was_cut_off_since_then_is_found(self, kept: Path) -> None:
        tamper(f"DELETE FROM {TABLE} WHERE number > 4")
        call_command("verifyledger", stdout=io.StringIO())  # which cannot know without the list
        with pytest.raises(CommandError, match="chains with a fault: 1"):
            verified(kept)

    def test_entries_that_came_since_then_are_no_fault(self, kept: Path) -> None:
        written(2)
        assert "entries are as they were written" in verified(kept)

    def test_a_list_that_was_changed_is_refused_by_name(self, kept: Path) -> None:
        told = json.loads(kept.read_text())
        told["tips"][0][1] = 4
        kept.write_text(json.dumps(told))
        with pytest.raises(CommandError, match=r"tips\.json: it was changed"):
            verified(kept)

    def test_a_list_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="cannot be read"):
            verified(tmp_path / "none.json")
