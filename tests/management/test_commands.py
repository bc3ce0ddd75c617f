"""The commands that open, show, close and prune taps."""

from __future__ import annotations

import datetime
import json
import math
import re
import time
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.env_retention import Retention
from monitor.models import (
    AdminAction,
    Call,
    CallEvent,
    CallReport,
    CallWords,
    LegalHold,
    ListenReason,
    ListenSession,
    RtpLease,
    Tap,
    TapEvent,
    TapState,
)
from monitor.services import call_reports, media, pruning, tap_urls, taps

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def ago(**past: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**past)


def ended(call_id: str, days: float, state: str = TapState.FINISHED) -> Tap:
    """A tap that ended so many days ago, with its call and events of that day."""
    tap = taps.open_tap(call_id, agent="desk").tap
    Tap.objects.filter(pk=tap.pk).update(state=state, ended_at=ago(days=days))
    Call.objects.filter(pk=tap.call_id).update(created_at=ago(days=days))
    return tap


def heard(tap: Tap, user: User, days: float) -> None:
    """Keep a listen of so many days ago that is over."""
    ListenSession.objects.create(
        tap=tap,
        user=user,
        username=user.get_username(),
        address="127.0.0.1",
        started_at=ago(days=days),
        ended_at=timezone.now(),
        frames=10,
        end_reason="the page left",
    )


def counts(said: str, *names: str) -> list[int]:
    """Return the counts in what ``prune`` writes, of these kinds."""
    found = dict(re.findall(r"^([^:]+): (?:would delete|deleted) (\d+)", said, re.MULTILINE))
    return [int(found[name]) for name in names]


def test_opentap_prints_what_signalwire_would_be_given() -> None:
    opened = json.loads(run("opentap", "--json"))
    tap = Tap.objects.get()
    assert opened == {
        "tap": str(tap.pk),
        "control_id": tap.control_id,
        "uri": tap_urls.media_uri(tap),
        "status_url": tap_urls.status_url(tap),
    }


def test_opentap_takes_the_call_the_agent_the_direction_and_the_codec() -> None:
    said = run(
        "opentap",
        "--call-id",
        "call-1",
        "--agent",
        "desk",
        "--direction",
        "speak",
        "--codec",
        "PCMA",
    )
    tap = Tap.objects.get()
    assert (tap.call.call_id, tap.call.agent) == ("call-1", "desk")
    assert (tap.direction, tap.codec) == ("speak", "PCMA")
    assert f"tap         {tap.pk}\n" in said


def test_opentap_hands_out_an_rtp_uri() -> None:
    facts = json.loads(run("opentap", "--transport", "rtp", "--json"))
    lease = RtpLease.objects.get()
    assert facts["uri"] == f"rtp://127.0.0.1:{lease.port}"
    assert lease.port in settings.RTP_PORTS
    assert (lease.tap.transport, str(lease.tap.pk)) == ("rtp", facts["tap"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--direction", "up"), "direction 'up' is not one of both, speak, listen"),
        (("--codec", "OPUS"), "codec 'OPUS' is not one of PCMU, PCMA"),
        (("--transport", "sip"), "transport 'sip' is not one of ws, rtp"),
        (("--call-id", "x" * 256), "call_id must have 1 to 255 characters"),
    ],
)
def test_opentap_says_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("opentap", *arguments)


def test_opentap_opens_no_second_tap_of_a_direction() -> None:
    run("opentap", "--call-id", "call-1")
    with pytest.raises(CommandError, match="both is already tapped as earshot-"):
        run("opentap", "--call-id", "call-1")


def test_showtap_tells_all_that_is_kept(alice: User) -> None:
    tap = taps.open_tap("call-1", agent="desk", caller="+12025550123").tap
    heard(tap, alice, days=0)
    shown = json.loads(run("showtap", str(tap.pk), "--json"))
    assert shown["id"] == str(tap.pk)
    assert (shown["state"], shown["frames"], shown["media_opened_at"]) == ("requested", 0, None)
    assert (shown["call"]["call_id"], shown["call"]["caller"]) == ("call-1", "+12025550123")
    (event,) = shown["events"]
    assert event.keys() == {"at", "old", "new", "reason", "payload", "repeats"}
    assert event["reason"] == "asked for by desk"
    (listen,) = shown["listens"]
    assert (listen["username"], listen["frames"]) == ("alice", 10)
    field_names = {field.name for field in Tap._meta.concrete_fields}
    assert shown.keys() == field_names | {"call", "events", "listens"}


def test_showtap_is_readable_without_json(alice: User) -> None:
    tap = taps.open_tap("call-1", agent="desk").tap
    heard(tap, alice, days=0)
    said = run("showtap", str(tap.pk))
    assert "call             call-1\n" in said
    assert "→ requested: asked for by desk\n" in said
    assert f"alice (user {alice.pk}) listened until " in said


def test_showtap_sends_a_terminal_no_control_characters() -> None:
    tap = taps.open_tap("call-1", agent="desk", reason="\x1b]0;owned\x07\x1b[2J").tap
    said = run("showtap", str(tap.pk))
    assert r"\x1b]0;owned\x07\x1b[2J" in said
    assert not set("\x1b\x07") & set(said)


@pytest.mark.parametrize("name", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_showtap_says_when_there_is_none(name: str) -> None:
    with pytest.raises(CommandError, match=f"no tap has the id {name}"):
        run("showtap", name)


def test_closelost_ends_what_nobody_ended(alice: User) -> None:
    failed = taps.open_tap("call-1").tap
    lost = taps.open_tap("call-2").tap
    media.connect(lost.pk, "socket")
    media.disconnect(lost.pk, "socket", media.Count(), "gone")
    heard(lost, alice, days=0)
    Tap.objects.filter(pk=failed.pk).update(requested_at=ago(minutes=6))
    Tap.objects.filter(pk=lost.pk).update(media_closed_at=ago(minutes=2))
    ListenSession.objects.update(ended_at=None, seen_at=ago(minutes=2))
    assert run("closelost") == "taps: 1 lost, 1 failed; listens: 1 abandoned\n"
    failed.refresh_from_db()
    lost.refresh_from_db()
    assert (failed.state, lost.state) == (TapState.FAILED, TapState.LOST)


@pytest.mark.parametrize("state", [TapState.FINISHED, TapState.FAILED, TapState.LOST])
def test_prune_deletes_what_ended_long_ago(state: str) -> None:
    ended("old", days=31, state=state)
    ended("young", days=29, state=state)
    said = run("prune", "--calls-days", "30")
    assert counts(said, "listens", "taps", "calls") == [0, 1, 1]
    assert Call.objects.get().call_id == "young"
    assert Tap.objects.get().call.call_id == "young"
    assert set(TapEvent.objects.values_list("tap__call__call_id", flat=True)) == {"young"}


def test_prune_keeps_live_taps_however_old() -> None:
    tap = ended("old", days=31)
    Tap.objects.filter(pk=tap.pk).update(state=TapState.TAPPING, ended_at=None)
    run("prune", "--calls-days", "30")
    assert Tap.objects.count() == 1


def test_prune_keeps_a_call_that_has_another_tap() -> None:
    ended("old", days=31)
    taps.open_tap("old", direction="speak")
    run("prune", "--calls-days", "30")
    assert (Call.objects.count(), Tap.objects.count()) == (1, 1)


def test_prune_keeps_taps_that_were_listened_to(alice: User) -> None:
    heard(ended("old", days=31), alice, days=31)
    said = run("prune", "--calls-days", "30")
    assert counts(said, "listens", "taps", "calls") == [0, 0, 0]
    assert "taps: deleted 0; kept 1 old ones for their listens\n" in said
    assert ListenSession.objects.count() == 1


def test_prune_deletes_listens_only_when_told_their_age(alice: User) -> None:
    heard(ended("older", days=400), alice, days=400)
    heard(ended("old", days=31), alice, days=31)
    said = run("prune", "--calls-days", "30", "--listens-days", "365")
    assert counts(said, "listens", "taps", "calls") == [1, 1, 1]
    assert "kept 1 old ones for their listens" in said
    assert Tap.objects.get().call.call_id == "old"


def test_prune_deletes_old_reasons_and_keeps_those_of_listens(alice: User) -> None:
    for days in (29, 31):
        tap = ended(f"{days} days", days=days)
        heard(tap, alice, days=days)
        ListenReason.objects.create(call=tap.call, user=alice, text="why", at=ago(days=days))
    ListenSession.objects.update(reason="why")
    assert counts(run("prune", "--calls-days", "30"), "reasons for listening") == [1]
    assert ListenReason.objects.get().call.call_id == "29 days"
    assert ListenSession.objects.filter(reason="why").count() == 2


def test_prune_counts_without_deleting(alice: User) -> None:
    ended("old", days=31)
    heard(ended("older", days=400), alice, days=400)
    Call.objects.create(call_id="left over", created_at=ago(days=31))
    arguments = ("prune", "--calls-days", "30", "--listens-days", "365")
    said = run(*arguments, "--dry-run")
    assert "deleted" not in said
    assert counts(said, "listens", "taps", "calls") == [1, 2, 3]
    assert Tap.objects.count() == 2
    assert counts(run(*arguments), "listens", "taps", "calls") == [1, 2, 3]
    assert not Call.objects.exists()


def test_prune_keeps_all_of_a_call_on_legal_hold_and_says_so() -> None:
    for call_id in ("held", "free"):
        call = ended(call_id, days=31).call
        CallEvent.objects.create(
            call=call, at=ago(days=31), received_at=ago(days=31), kind="x", payload={}, digest="x"
        )
    LegalHold.objects.create(call=Call.objects.get(call_id="held"), reason="case", username="root")
    for arguments in (("--dry-run",), ()):
        said = run("prune", "--calls-days", "30", *arguments)
        assert counts(said, "events of calls", "taps", "calls") == [1, 1, 1]
        assert re.findall("legal holds keep (.)", said) == ["1"] * 3
    assert Call.objects.get().call_id == "held"
    assert (Tap.objects.count(), CallEvent.objects.count()) == (1, 1)


def test_prune_keeps_a_call_that_is_put_on_hold_after_its_rows_were_found() -> None:
    call = ended("old", days=31).call

    def hold_after_batch(execute: Any, sql: str, *rest: Any) -> Any:
        done = execute(sql, *rest)
        if sql.startswith('SELECT "monitor_tap"."id"') and f"LIMIT {pruning.BATCH}" in sql:
            LegalHold.objects.get_or_create(call=call)
        return done

    with connection.execute_wrapper(hold_after_batch):
        assert counts(run("prune", "--calls-days", "30"), "taps", "calls") == [0, 0]
    assert Tap.objects.exists()


def test_prune_deletes_in_batches_and_rests_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        ended(f"old-{number}", days=31)
    left: list[int] = []
    monkeypatch.setattr(pruning, "BATCH", 2)
    monkeypatch.setattr(time, "sleep", lambda _: left.append(Tap.objects.count()))
    said = run("prune", "--calls-days", "30")
    assert counts(said, "taps", "calls") == [5, 5]
    assert left == [3, 1, 0, 0, 0, 0]  # three batches of taps, and three of calls


def test_prune_looks_for_each_batch_behind_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is deleted is still in the table for a while, and would be passed over each time."""
    for number in range(3):
        Call.objects.create(call_id=f"old-{number}", created_at=ago(days=31))
    monkeypatch.setattr(pruning, "BATCH", 2)
    with CaptureQueriesContext(connection) as captured:
        run("prune", "--calls-days", "30")
    found = [one["sql"] for one in captured if one["sql"].startswith('SELECT "monitor_call"."id"')]
    sought = [sql for sql in found if "LIMIT 2" in sql]
    assert ['"monitor_call"."id" > ' in sql for sql in sought] == [False, True, True]


def test_prune_tells_beforehand_how_old_the_oldest_is_that_stays() -> None:
    ended("old", days=31)
    ended("young", days=29)
    said = run("prune", "--calls-days", "30", "--dry-run")
    assert re.search(
        f"^taps: would delete 1;.*; the oldest kept is of {ago(days=29):%Y-%m-%d}$", said, re.M
    )
    assert "events of calls: would delete 0; none is kept\n" in said


def test_prune_forgets_old_sign_ins_and_sessions_that_have_run_out() -> None:
    kinds = (AccessAttempt, AccessFailureLog, AccessLog)
    for days in (31, 29):
        AccessAttempt.objects.create(username="ann", user_agent=days, failures_since_start=1)
        AccessFailureLog.objects.create(username="ann", user_agent=days)
        AccessLog.objects.create(username="ann", user_agent=days)
        for kind in kinds:
            kind.objects.filter(user_agent=days).update(attempt_time=ago(days=days))
    for key, hours in (("over", -1), ("open", 1)):
        expires = timezone.now() + datetime.timedelta(hours=hours)
        Session.objects.create(session_key=key, session_data="", expire_date=expires)
    names = ("access attempts", "access failures", "access logs", "sessions")
    for arguments in (("--sign-ins-days", "30", "--dry-run"), ("--sign-ins-days", "30")):
        assert counts(run("prune", *arguments), *names) == [1, 1, 1, 1]
    assert [kind.objects.count() for kind in (AccessAttempt, AccessFailureLog, AccessLog)] == [
        1
    ] * 3
    assert Session.objects.get().session_key == "open"


def test_prune_keeps_the_admins_log_until_told_its_age() -> None:
    for days in (400, 31):
        AdminAction.objects.create(username=f"of {days} days ago", at=ago(days=days))
    run("prune")
    assert AdminAction.objects.count() == 2
    run("prune", "--admin-log-days", "365")
    assert AdminAction.objects.get().username == "of 31 days ago"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--calls-days", "0"), "use a whole number from 1 to 36500, or forever"),
        (("--words-days", "never"), "use a whole number from 1 to 36500, or forever"),
        (("--words-days", "91"), r"words \(91 days\) cannot be kept longer than their calls \(90"),
        (("--calls-days", "7"), r"words \(30 days\) cannot be kept longer than their calls \(7 d"),
        (
            ("--listens-days", "89"),
            r"calls that were listened to \(89 days\) cannot be deleted ear",
        ),
    ],
)
def test_prune_refuses_what_makes_no_sense(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("prune", *arguments)


def tell_words(call_id: str, days: float) -> None:
    """Keep that a word was said in a call of so many days ago, and that it is over."""
    call, _ = Call.objects.get_or_create(call_id=call_id)
    Call.objects.filter(pk=call.pk).update(created_at=ago(days=days))
    event = {"received_at": timezone.now(), "kind": "call_log", "role": "user", "text": "Refund."}
    CallEvent.objects.create(call=call, at=ago(days=days), payload={}, source="authority", **event)
    call_reports.make(call)


def test_prune_deletes_words_earlier_than_calls_if_told_so() -> None:
    tell_words("old", days=8)
    tell_words("young", days=6)
    arguments = ("--calls-days", "30", "--words-days", "7")
    names = ("events of calls", "words of calls", "tools of calls", "calls")
    assert counts(run("prune", *arguments, "--dry-run"), *names) == [1, 1, 0, 0]
    assert CallEvent.objects.count() == 2
    assert counts(run("prune", *arguments), *names) == [1, 1, 0, 0]
    assert Call.objects.count() == CallReport.objects.count() == 2
    found = CallWords.objects.filter(text__said="refund")
    assert [words.call.call_id for words in found] == ["young"]


def test_prune_deletes_words_with_their_calls_otherwise() -> None:
    tell_words("old", days=31)
    assert counts(run("prune", "--calls-days", "30"), "words of calls", "calls") == [1, 1]


@pytest.mark.parametrize("argument", [(), ("--calls-days", "forever")], ids=["setting", "argument"])
def test_prune_keeps_for_as_long_as_the_settings_say_unless_an_argument_does(
    settings: Any, argument: tuple[str, ...]
) -> None:
    settings.RETENTION = Retention(
        calls=30, words=7, listens=math.inf, sign_ins=math.inf, admin_log=365
    )
    ended("old", days=31)
    tell_words("young", days=8)
    for days in (400, 300):
        AdminAction.objects.create(username="root", at=ago(days=days))
    said = run("prune", *argument)
    names = ("calls", "words of calls", "the admin's log")
    assert counts(said, *names) == [0 if argument else 1, 1, 1]


def test_prune_tells_beforehand_what_each_legal_hold_keeps() -> None:
    for call_id, days in (("first", 100), ("second", 40), ("young", 10), ("free", 100)):
        ended(call_id, days=days)
        tell_words(call_id, days=days)
    for call_id in ("young", "second", "first"):
        call, since = Call.objects.get(call_id=call_id), ago(days=1 + len(call_id))
        LegalHold.objects.create(call=call, reason="Ann", username="root", since=since)
    said = run("prune", "--dry-run").splitlines()
    assert [line for line in said if line.startswith("legal hold of")] == [
        f"legal hold of second since {ago(days=7):%Y-%m-%d}: keeps 1 events of calls, "
        "1 words of calls",
        f"legal hold of first since {ago(days=6):%Y-%m-%d}: keeps 1 events of calls, "
        "1 words of calls, 1 taps, 1 calls",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--calls", "0"), "must be above 0"),
        (("--seconds", "0"), "must be above 0"),
        (("--speed", "-1"), "must be above 0"),
        (("--tone", "4000"), "tone of 4000 Hz is not between 1 and 3999 Hz"),
    ],
)
def test_simulate_says_what_is_wrong(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("simulate", *arguments)


def test_simulate_fails_when_a_call_failed() -> None:
    with pytest.raises(CommandError, match="1 of 1 calls failed"):
        run("simulate", "--url", "http://127.0.0.1:9", "--seconds", "1")
