"""Stored rows are brought to the newest key, and it may be interrupted."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monitor.models import Call, CallWords, encryption
from monitor.services import encrypted_rows, word_search
from monitor.services.encrypted_rows import Kind
from tests.support import stored
from tests.support.keys import NEW, NONE, OLD

pytestmark = pytest.mark.django_db(transaction=True)


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def kind_of(model: Any) -> Kind:
    return next(kind for kind in encrypted_rows.kinds() if kind.model is model)


def rows_with(text: str) -> int:
    return sum(text in row for row in stored.rows())


@pytest.fixture
def five(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five calls in clear, which are brought to a key two at a time."""
    monkeypatch.setattr(encrypted_rows, "BATCH", 2)
    for number in range(5):
        Call.objects.create(call_id=f"call-{number}", caller=f"+1202555017{number}")


@pytest.mark.usefixtures("five")
class TestEncrypt:
    def test_every_row_of_every_kind(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (NEW,)
        said = run("encrypt")
        assert "calls: encrypted 5 of 5\n" in said
        assert "call events: encrypted 0 of 0\n" in said
        assert rows_with("+1202555017") == 0
        assert rows_with(f"enc1:{encryption.key_id(NEW)}:") == 5

    def test_it_goes_on_where_it_was_interrupted(self, settings: Any) -> None:
        def interrupt(done: int) -> None:
            raise KeyboardInterrupt

        settings.ENCRYPTION_KEYS = (NEW,)
        with pytest.raises(KeyboardInterrupt):
            encrypted_rows.convert(kind_of(Call), interrupt)
        assert rows_with("+1202555017") == 3
        assert "calls: encrypted 3 of 5\n" in run("encrypt")

    def test_a_dry_run_counts_and_changes_nothing(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (NEW,)
        assert "calls: would encrypt 5 of 5\n" in run("encrypt", "--dry-run")
        assert rows_with("+1202555017") == 5

    def test_no_row_of_an_older_key_is_left(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        run("encrypt")
        settings.ENCRYPTION_KEYS = (NEW, OLD)
        assert "calls: encrypted 5 of 5\n" in run("encrypt")
        settings.ENCRYPTION_KEYS = (NEW,)
        assert Call.objects.of_number("12025550173").get().caller == "+12025550173"

    def test_decrypt_brings_them_back(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        run("encrypt")
        settings.ENCRYPTION_KEYS = (NONE, OLD)
        assert "calls: decrypted 5 of 5\n" in run("decrypt")
        assert rows_with("+1202555017") == 5
        assert rows_with("enc1:") == 0

    def test_rows_of_a_key_that_is_missing_are_named_and_left(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        run("encrypt")
        settings.ENCRYPTION_KEYS = (NEW,)
        with pytest.raises(CommandError, match="5 rows are encrypted with a key that is not"):
            run("encrypt")
        assert rows_with(f"enc1:{encryption.key_id(OLD)}:") == 5


def test_the_index_of_words_is_emptied_and_filled(settings: Any) -> None:
    call = Call.objects.create(call_id="call-1")
    lines: list[list[Any]] = [[1, "caller", "A Persimmon, please."]]
    CallWords.objects.create(call=call, lines=lines, text=word_search.indexed([lines[0][2]]))
    settings.ENCRYPTION_KEYS = (NEW,)
    run("encrypt")
    assert CallWords.objects.get().text == ""
    assert rows_with("ersimmon") == 0
    settings.ENCRYPTION_KEYS = (NONE, NEW)
    run("decrypt")
    settings.ENCRYPTION_KEYS = ()
    assert CallWords.objects.filter(text__said="persimmon").get().lines == lines


@pytest.mark.parametrize("keys", [(), (NONE,), (NONE, OLD)])
def test_encrypt_without_a_newest_key_is_refused(settings: Any, keys: tuple[bytes, ...]) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(CommandError, match="no key in the first place"):
        run("encrypt")


@pytest.mark.parametrize("keys", [(), (OLD,)])
def test_decrypt_while_processes_encrypt_is_refused(settings: Any, keys: tuple[bytes, ...]) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(CommandError, match="put none before the keys"):
        run("decrypt")


def test_every_column_that_is_encrypted_is_brought_to_the_key() -> None:
    names = {
        f"{kind.model._meta.model_name}.{one}"
        for kind in encrypted_rows.kinds()
        for one in kind.columns
    }
    assert names == {
        "call.caller",
        "call.caller_name",
        "callevent.text",
        "callevent.payload",
        "callmark.note",
        "callwords.lines",
        "callwords.text",
        "tap.reason",
        "tapevent.payload",
        "usersettings.values",
    }
