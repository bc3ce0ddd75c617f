"""What an erased number leaves: nothing of it in the database, and the facts of its calls."""

from __future__ import annotations

import datetime
import json
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from monitor.models import (
    AdminAction,
    Call,
    CallMark,
    CallWords,
    LedgerEntry,
    LedgerKind,
    ListenReason,
    ListenSession,
    Tap,
    TapEvent,
)
from monitor.services import holds, taps
from monitor.services.ledger import Entry
from monitor.services.ledger_chain import key
from monitor.services.ledger_check import LedgerCheck
from tests.support import stored
from tests.support.keys import NEW, OLD
from tests.support.ledger import new_ledger
from tests.support.tellings import tell
from tests.support.words import heard, said, summary

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, NAME, WORD = "+12025550177", "Quartermaine", "persimmon"
SECRETS = (NUMBER[1:], NAME, WORD)


def over(call_id: str, **caller: str) -> Call:
    """Make a call that ended long ago."""
    tap = taps.open_tap(call_id, agent="desk", **caller).tap
    long_ago = timezone.now() - datetime.timedelta(days=2)
    Tap.objects.filter(pk=tap.pk).update(state="finished", ended_at=long_ago, reason=WORD)
    TapEvent.objects.filter(tap=tap).update(payload={"from": NUMBER})
    Call.objects.filter(pk=tap.call_id).update(ended_at=long_ago, told_at=None)
    return tap.call


def make_own() -> Call:
    """Make a call of the number, with words in every place."""
    call = over("call-own", caller=NUMBER, caller_name=NAME)
    CallMark.objects.create(call=call, kind="help", severity=1, began_at=timezone.now(), note=WORD)
    tell(heard(f"My {WORD} and {NUMBER}", call.call_id))
    tell(summary(call.call_id, call_log=[said("user", WORD, 1)], caller_id_number=NUMBER))
    ListenReason.objects.create(call=call, user=User.objects.create(username="eve"), text=WORD)
    ListenSession.objects.create(tap=call.taps.get(), username="eve", reason=WORD)
    words = {"lines": [[1, "caller", WORD]], "text": WORD}
    CallWords.objects.update_or_create(call=call, defaults=words)
    Call.objects.filter(pk=call.pk).update(
        ended_at=timezone.now() - datetime.timedelta(days=2), told_at=None, gone_at=None
    )
    return call


def make_other() -> Call:
    """Make a call of somebody else, in which the number was said."""
    call = over("call-other", caller="+13035550100")
    Tap.objects.filter(call=call).update(reason="")
    tell(heard(f"Call her at {NUMBER}, or at {NUMBER}9.", call.call_id))
    Call.objects.filter(pk=call.pk).update(
        ended_at=timezone.now() - datetime.timedelta(days=2), told_at=None
    )
    AdminAction.objects.create(username="dora", kind="looked at", object_repr=f"of {NUMBER}")
    return call


@pytest.fixture
def own() -> Call:
    return make_own()


@pytest.fixture
def other() -> Call:
    return make_other()


def erase(*arguments: str) -> str:
    out = StringIO()
    call_command("erase", NUMBER, *arguments, stdout=out)
    return out.getvalue()


def found() -> set[str]:
    """Return which secrets are in the database, or in SQLite's files."""
    text = "\n".join([*stored.rows(), *stored.files()])
    return {one for one in SECRETS if one.lower() in text.replace(f"{NUMBER}9", "").lower()}


def decrypted() -> set[str]:
    """Return which secrets the rows have as they are read."""
    models = apps.get_app_config("monitor").get_models()
    rows = (values for model in models for values in model._default_manager.values())
    text = "\n".join(json.dumps(values, default=str) for values in rows)
    return {one for one in SECRETS if one.lower() in text.replace(f"{NUMBER}9", "").lower()}


@pytest.mark.usefixtures("own", "other")
def test_nothing_of_it_is_left_in_the_database() -> None:
    assert found() == set(SECRETS)
    erase()
    assert found() == set()


def test_nothing_of_it_is_left_where_numbers_and_words_are_encrypted(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (NEW,)
    own, other = make_own(), make_other()
    assert decrypted() == set(SECRETS)
    erase()
    assert decrypted() == set()
    own.refresh_from_db()
    assert own.caller.startswith("erased-")
    [text] = other.events.values_list("text", flat=True)
    assert "Call her at erased-" in text


def test_what_nobody_can_read_is_told(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = (OLD,)
    make_other()
    settings.ENCRYPTION_KEYS = (NEW,)
    told = StringIO()
    call_command("erase", NUMBER, stdout=StringIO(), stderr=told)
    assert "rows are encrypted with a key that is missing" in told.getvalue()
    settings.ENCRYPTION_KEYS = (OLD,)
    assert decrypted() == {NUMBER[1:]}


def test_the_facts_stay_under_a_pseudonym_that_is_the_same_each_time(own: Call) -> None:
    erase()
    again = over("call-again", caller=NUMBER)
    erase()
    own.refresh_from_db()
    again.refresh_from_db()
    assert own.caller == again.caller
    assert own.caller.startswith("erased-")
    assert Tap.objects.filter(call=own).count() == 1


def test_another_number_that_has_the_same_digits_stays(other: Call) -> None:
    erase()
    [text] = other.events.values_list("text", flat=True)
    assert f"{NUMBER}9" in text
    assert "Call her at erased-" in text


def test_the_ledger_says_so_without_the_number_and_is_whole(
    own: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps.get_app_config("monitor"), "ledger", new_ledger())
    erase()
    entry = LedgerEntry.objects.get(kind=LedgerKind.ERASED)
    own.refresh_from_db()
    assert own.caller in entry.details
    assert not [one.fault for one in LedgerCheck([key()], []).run() if one.fault]


@pytest.mark.usefixtures("own", "other")
def test_a_dry_run_counts_and_changes_nothing() -> None:
    assert erase("--dry-run").startswith("would be erased: 1 calls, now of erased-")
    assert found() == set(SECRETS)
    assert not LedgerEntry.objects.filter(kind=LedgerKind.ERASED).exists()


def test_a_legal_hold_beats_it(own: Call) -> None:
    by = Entry(LedgerKind.HELD, username="root")
    assert holds.hold([own], "case 17", by) == 1
    with pytest.raises(CommandError, match="1 on legal hold, 0 that go on"):
        erase()
    assert found() == set(SECRETS)
    assert holds.release([own], by) == 1
    erase()
    assert found() == set()


def test_a_call_that_goes_on_is_left() -> None:
    taps.open_tap("call-now", caller=NUMBER)
    with pytest.raises(CommandError, match="0 on legal hold, 1 that go on"):
        erase()
    assert Call.objects.get().caller == NUMBER


@pytest.mark.parametrize("number", ["", "+1202", "Ann"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(CommandError, match="7 digits or more"):
        call_command("erase", number or "x")
