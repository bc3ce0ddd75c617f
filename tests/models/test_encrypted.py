"""How the fields for numbers and words store their values, with a key and without one."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import CharField, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from monitor.models import Call, CallEvent, EventSource, Tap, caller_marks, encryption
from monitor.models.encrypted import UnreadableObject, UnreadableText
from monitor.models.encryption_check import keys
from monitor.services import taps
from tests.support.keys import NEW, NONE, OLD

pytestmark = pytest.mark.django_db

NUMBER = "+12025550177"
LOST = "[encrypted with a key that is missing]"


def made(**caller: str) -> Call:
    return Call.objects.create(call_id=f"call-{Call.objects.count()}", **caller)


def event(text: str, payload: Any) -> CallEvent:
    now = timezone.now()
    return CallEvent.objects.create(
        call=made(),
        at=now,
        received_at=now,
        kind="x",
        text=text,
        payload=payload,
        source=EventSource.LIVE,
    )


def stored(row: Any, name: str) -> str:
    """Return what a column really has."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    return str(rows.annotate(stored=Cast(name, TextField())).values_list("stored", flat=True)[0])


@pytest.fixture
def key(settings: Any) -> Any:
    settings.ENCRYPTION_KEYS = (NEW,)
    return settings


def test_without_a_key_a_text_is_stored_as_it_is() -> None:
    call = made(caller=NUMBER, caller_name="Ann")
    assert (stored(call, "caller"), stored(call, "caller_name")) == (NUMBER, "Ann")


def test_without_a_key_the_columns_are_those_of_plain_fields() -> None:
    plain = CharField(max_length=512)
    assert Call._meta.get_field("caller").db_type(connection) == plain.db_type(connection)


@pytest.mark.usefixtures("key")
class TestWithAKey:
    def test_a_text_is_read_as_it_was_written(self) -> None:
        call = made(caller=NUMBER, caller_name="Ann")
        again = Call.objects.get(pk=call.pk)
        assert (again.caller, again.caller_name) == (NUMBER, "Ann")
        assert Call.objects.values_list("caller_name", flat=True)[0] == "Ann"

    def test_it_is_not_in_the_column(self) -> None:
        call = made(caller=NUMBER, caller_name="Ann")
        assert stored(call, "caller_name").startswith(f"enc1:{encryption.key_id(NEW)}:")
        assert "Ann" not in stored(call, "caller_name")
        assert "2025550177" not in stored(call, "caller")

    def test_no_two_rows_have_the_same_ciphertext(self) -> None:
        one, other = made(caller_name="Ann"), made(caller_name="Ann")
        assert stored(one, "caller_name") != stored(other, "caller_name")

    def test_an_empty_text_stays_empty(self) -> None:
        made()
        assert Call.objects.filter(caller="", caller_name="").exists()

    @pytest.mark.parametrize("payload", [{"a": [1, "b", None]}, [], "text", 7, {}])
    def test_a_json_value_of_any_kind(self, payload: Any) -> None:
        row = event("x", payload)
        assert CallEvent.objects.get(pk=row.pk).payload == payload
        assert stored(row, "payload").startswith('"enc1:')

    def test_a_missing_json_value_stays_null(self) -> None:
        tap = taps.open_tap("call-x").tap
        assert tap.events.filter(payload__isnull=True).count() == 1

    def test_a_column_takes_the_longest_text(self) -> None:
        longest = "😀" * 64
        call = made(caller=longest, caller_name="😀" * 100)
        assert Call.objects.get(pk=call.pk).caller == longest

    def test_a_change_of_many_rows_encrypts_them(self) -> None:
        call, row = made(), event("x", {})
        Call.objects.filter(pk=call.pk).update(caller_name="Ann")
        row.text, row.payload = "secret", {"a": "secret"}
        CallEvent.objects.bulk_update([row], ["text", "payload"])
        assert stored(call, "caller_name").startswith("enc1:")
        assert "secret" not in stored(row, "text") + stored(row, "payload")
        assert CallEvent.objects.get(pk=row.pk).payload == {"a": "secret"}

    def test_what_was_stored_before_is_read_as_it_is(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = ()
        made(caller=NUMBER)
        settings.ENCRYPTION_KEYS = (NEW,)
        assert Call.objects.get().caller == NUMBER

    def test_a_text_that_was_moved_into_another_column_cannot_be_read(self) -> None:
        call = made(caller_name="Ann")
        tap = Tap.objects.create(call=call)
        moved = stored(call, "caller_name")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE monitor_tap SET reason = %s", [moved])
        tap.refresh_from_db()
        assert tap.reason == LOST

    def test_a_text_that_was_changed_cannot_be_read(self) -> None:
        text = stored(made(caller_name="Ann"), "caller_name")
        for changed in (another_at(text, -3), another_at(text, 14), text + "A", text[:-5]):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE monitor_call SET caller_name = %s", [changed])
            name = Call.objects.get().caller_name
            assert name in (LOST, changed)
            assert name != "Ann"


def another_at(text: str, at: int) -> str:
    """Return a text with another character at a place."""
    characters = list(text)
    characters[at] = "B" if characters[at] == "A" else "A"
    return "".join(characters)


class TestKeys:
    def test_the_first_key_encrypts_and_all_decrypt(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        made(caller_name="old")
        settings.ENCRYPTION_KEYS = (NEW, OLD)
        row = made(caller_name="new")
        assert encryption.key_id(NEW) in stored(row, "caller_name")
        assert set(Call.objects.values_list("caller_name", flat=True)) == {"old", "new"}

    def test_none_in_its_place_stops_that(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        made(caller_name="old")
        settings.ENCRYPTION_KEYS = (NONE, OLD)
        row = made(caller_name="new")
        assert stored(row, "caller_name") == "new"
        assert set(Call.objects.values_list("caller_name", flat=True)) == {"old", "new"}

    def test_a_whole_number_is_found_whatever_its_form_and_its_key(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        old = made(caller=NUMBER)
        settings.ENCRYPTION_KEYS = (NEW, OLD)
        new, _other = made(caller=NUMBER[1:]), made(caller="+12025550178")
        marks = caller_marks(["+1 (202) 555-0177"])
        assert [row for row in (old, new, _other) if stored(row, "caller").startswith(marks)] == [
            old,
            new,
        ]
        assert set(Call.objects.of_number(NUMBER[1:])) == {old, new}

    def test_a_lost_key_leaves_a_placeholder_and_what_is_stored(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        call, row = made(caller=NUMBER, caller_name="Ann"), event("secret", {"a": 1})
        before = [stored(call, "caller"), stored(call, "caller_name"), stored(row, "payload")]
        settings.ENCRYPTION_KEYS = (NEW,)
        lost, lost_row = Call.objects.get(pk=call.pk), CallEvent.objects.get(pk=row.pk)
        assert (lost.caller, lost.caller_name, lost_row.text, lost_row.payload) == (
            LOST,
            LOST,
            LOST,
            {},
        )
        assert isinstance(lost.caller, UnreadableText)
        assert isinstance(lost_row.payload, UnreadableObject)
        lost.save()
        lost_row.save()
        after = [stored(call, "caller"), stored(call, "caller_name"), stored(row, "payload")]
        assert after == before

    def test_e006_the_check_of_the_database_says_so(self, settings: Any) -> None:
        settings.ENCRYPTION_KEYS = (OLD,)
        made(caller=NUMBER)
        assert keys(None, databases=["default"]) == []
        settings.ENCRYPTION_KEYS = ()
        assert [one.id for one in keys(None, databases=["default"])] == ["monitor.E006"]
        assert keys(None, databases=None) == []


@pytest.mark.django_db
def test_the_columns_are_those_of_the_migrations() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
