"""With a key, no number, name or word of a call is in clear in any column of any table."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from monitor.management.overwriting import overwrite
from monitor.models import Call
from monitor.services import word_search
from tests.support import stored
from tests.support.keys import NEW, NONE, OLD
from tests.support.told_all import NAME, NUMBER, SECRETS, look_for_it, tell_all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("given_back"),
]

#: The tables that have any of it without a key.
IN_CLEAR = {
    "monitor_call",
    "monitor_callevent",
    "monitor_callmark",
    "monitor_callwords",
    "monitor_tap",
    "monitor_tapevent",
    "monitor_usersettings",
}


@pytest.fixture(autouse=True)
def _nothing_left() -> None:
    """Overwrite what tests before have deleted."""
    word_search.forget_deleted()
    overwrite()
    stored.forget_samples()


def found() -> set[str]:
    """Return the tables that have any of the secrets, and "file" if SQLite's files do."""
    places = stored.places_of(SECRETS, [*stored.rows(), *stored.samples()])
    in_files = stored.places_of(SECRETS, stored.files())
    return {table for _, table in places} | ({"file"} if in_files else set())


def test_without_a_key_it_is_in_these_tables(client: Client, as_root: Client) -> None:
    look_for_it(as_root, tell_all(client))
    stored.sample()
    more = {"pg_stats"} if connection.vendor == "postgresql" else {"file"}
    index = {name for name in found() if name.startswith("monitor_callwords_fts")}
    assert bool(index) == (connection.vendor == "sqlite")
    assert found() - index == IN_CLEAR | more


def test_with_a_key_it_is_nowhere(client: Client, as_root: Client, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (NEW,)
    look_for_it(as_root, tell_all(client))
    stored.sample()
    assert found() == set()
    assert Call.objects.get().caller == NUMBER


def test_what_was_stored_before_is_nowhere_after_encrypt(
    client: Client, as_root: Client, settings: Any
) -> None:
    look_for_it(as_root, tell_all(client))
    stored.sample()
    assert found() >= IN_CLEAR
    settings.ENCRYPTION_KEYS = (OLD,)
    call_command("encrypt")
    assert found() == set()
    row = Call.objects.get()
    assert (row.caller, row.caller_name) == (NUMBER, NAME)


def test_decrypt_brings_it_back(client: Client, as_root: Client, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (OLD,)
    look_for_it(as_root, tell_all(client))
    settings.ENCRYPTION_KEYS = (NONE, OLD)
    call_command("decrypt")
    settings.ENCRYPTION_KEYS = ()
    assert found() >= IN_CLEAR
