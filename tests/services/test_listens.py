"""The record of which user heard which tap, and from when to when."""

from __future__ import annotations

import json
import uuid

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from monitor.models import LedgerKind, ListenSession
from monitor.services import ledger, listens, openings, taps
from monitor.services.taps import OpenedTap
from tests.support.ledger import entries, take_no_entries
from tests.support.listening import begin_listening
from tests.support.rows import SECOND, change

#: 170 Frames were sent, 2 were left out; 10.2 s were sent, 9 s acknowledged, and 3 s were older.
HEARD = listens.Heard(170, 2, 10.2, 9.0, 3.0)


class TestListening:
    CLIENT = listens.Client("192.0.2.7", "Browser")

    def test_who_where_and_when_is_written(self, opened: OpenedTap, alice: User) -> None:
        session = begin_listening(alice, opened.tap, self.CLIENT)
        listens.end(
            [listens.Ending(session.pk, session.tap_id, "the page left", listens.Heard(700, 3))]
        )
        row = ListenSession.objects.get()
        assert (row.username, row.address, row.user_agent) == ("alice", "192.0.2.7", "Browser")
        assert (row.frames, row.dropped, row.end_reason) == (700, 3, "the page left")
        assert row.ended_at is not None

    def test_the_name_outlives_the_user(self, opened: OpenedTap, alice: User) -> None:
        begin_listening(alice, opened.tap, self.CLIENT)
        alice.delete()
        row = ListenSession.objects.get()
        assert (row.user, row.username) == (None, "alice")

    def test_the_legs_of_a_call_take_one_place_together(
        self, opened: OpenedTap, alice: User
    ) -> None:
        listening = taps.open_tap("call-1", direction="listen")
        for _ in range(8):
            begin_listening(alice, opened.tap, self.CLIENT)
            begin_listening(alice, listening.tap, self.CLIENT)
        with pytest.raises(openings.TooMany):
            begin_listening(alice, listening.tap, self.CLIENT)

    def test_each_call_takes_a_place(self, opened: OpenedTap, alice: User) -> None:
        for number in range(8):
            begin_listening(alice, taps.open_tap(f"other-{number}").tap, self.CLIENT)
        with pytest.raises(openings.TooMany):
            begin_listening(alice, opened.tap, self.CLIENT)

    def test_nobody_hears_more_than_eight_calls_at_once(
        self, opened: OpenedTap, alice: User
    ) -> None:
        for _ in range(8):
            begin_listening(alice, opened.tap, self.CLIENT)
        with pytest.raises(openings.TooMany, match="you already hear 8 calls"):
            begin_listening(alice, opened.tap, self.CLIENT)

    def test_sessions_of_a_worker_that_was_killed_take_no_place_up_after_10_s(
        self, opened: OpenedTap, alice: User
    ) -> None:
        for _ in range(8):
            begin_listening(alice, opened.tap, self.CLIENT)
        ListenSession.objects.update(seen_at=F("seen_at") - openings.OPEN_FOR)
        assert openings.OPEN_FOR == 10 * SECOND
        begin_listening(alice, opened.tap, self.CLIENT)

    def test_what_was_heard_so_far_is_written_with_a_sign_of_life(
        self, opened: OpenedTap, alice: User
    ) -> None:
        goes_on = begin_listening(alice, opened.tap, self.CLIENT)
        ended = begin_listening(alice, opened.tap, self.CLIENT)
        listens.end(
            [listens.Ending(ended.pk, ended.tap_id, "the page left", listens.Heard(700, 3))]
        )
        heard = {goes_on.pk: HEARD, ended.pk: listens.Heard(1, 1)}
        listens.heartbeat([goes_on.pk, ended.pk], heard)
        rows = ListenSession.objects.order_by("pk")
        assert [(row.frames, row.dropped) for row in rows] == [(170, 2), (700, 3)]
        assert (rows[0].seconds_sent, rows[0].seconds_acknowledged) == (10.2, 9.0)
        assert rows[0].seconds_rewound == 3.0
        assert rows[0].seen_at > goes_on.seen_at

    def test_an_abandoned_session_is_ended_at_its_last_sign_of_life(
        self, opened: OpenedTap, alice: User
    ) -> None:
        session = begin_listening(alice, opened.tap, self.CLIENT)
        seen_at = ListenSession.objects.get().seen_at
        assert listens.end_abandoned(seen_at + 29 * SECOND) == 0
        assert listens.end_abandoned(seen_at + 30 * SECOND) == 1
        session.refresh_from_db()
        assert (session.ended_at, session.end_reason) == (seen_at, "the server went away")

    def test_an_abandoned_sessions_end_is_in_the_ledger_once(
        self, opened: OpenedTap, alice: User
    ) -> None:
        session = begin_listening(alice, opened.tap, self.CLIENT)
        listens.heartbeat([session.pk], {session.pk: HEARD})
        seen_at = ListenSession.objects.get().seen_at
        for _ in range(2):
            listens.end_abandoned(seen_at + 30 * SECOND)
        [entry] = entries(LedgerKind.LISTEN_ENDED)
        details = json.loads(entry.details)
        assert entry.listen == session.pk
        assert {name: details[name] for name in HEARD._fields} == HEARD._asdict()
        assert details["reason"] == "the server went away"

    def test_a_session_whose_end_the_ledger_does_not_take_stays_open(
        self, opened: OpenedTap, alice: User, request: pytest.FixtureRequest
    ) -> None:
        session = begin_listening(alice, opened.tap, self.CLIENT)
        request.getfixturevalue("full_ledger")
        ends = (
            lambda: listens.end_abandoned(session.seen_at + 30 * SECOND),
            lambda: listens.end([listens.Ending(session.pk, session.tap_id, "left", HEARD)]),
        )
        for end in ends:
            with pytest.raises(ledger.NotWritten):
                end()
            session.refresh_from_db()
            assert session.ended_at is None


class TestAfterTheEnd:
    """The end of a call stays in the ring for another minute."""

    CLIENT = listens.Client("192.0.2.7", "Browser")

    @pytest.mark.parametrize("state", ["finished", "failed", "lost"])
    def test_who_did_not_listen_is_refused(
        self, opened: OpenedTap, alice: User, bob: User, state: str
    ) -> None:
        begin_listening(bob, opened.tap, self.CLIENT)
        change(opened, state=state, ended_at=timezone.now())
        with pytest.raises(openings.NotOpen, match="this call has ended"):
            begin_listening(alice, opened.tap, self.CLIENT)

    def test_who_listened_then_may_come_back(self, opened: OpenedTap, alice: User) -> None:
        session = begin_listening(alice, opened.tap, self.CLIENT)
        change(opened, state="finished", ended_at=timezone.now())
        listens.end(
            [listens.Ending(session.pk, session.tap_id, "the page left", listens.Heard(700, 3))]
        )
        assert begin_listening(alice, opened.tap, self.CLIENT).pk != session.pk

    @pytest.mark.parametrize(("before", "may"), [(14, True), (16, False)])
    def test_who_was_cut_off_up_to_15_s_before_may_come_back(
        self, opened: OpenedTap, alice: User, before: int, may: bool
    ) -> None:
        begin_listening(alice, opened.tap, self.CLIENT)
        ended_at = timezone.now()
        ListenSession.objects.update(ended_at=ended_at - before * SECOND)
        change(opened, state="finished", ended_at=ended_at)
        if may:
            begin_listening(alice, opened.tap, self.CLIENT)
        else:
            with pytest.raises(openings.NotOpen):
                begin_listening(alice, opened.tap, self.CLIENT)

    def test_but_not_once_the_tap_was_asked_to_stop(self, opened: OpenedTap, alice: User) -> None:
        begin_listening(alice, opened.tap, self.CLIENT)
        now = timezone.now()
        change(opened, state="finished", ended_at=now, stop_requested_at=now)
        with pytest.raises(openings.NotOpen, match="monitoring of this call was stopped"):
            begin_listening(alice, opened.tap, self.CLIENT)


class TestListenersWhoComeTogether:
    CLIENT = listens.Client("192.0.2.7", "Browser")

    def wishes(self, taps: list[OpenedTap], *users: User) -> list[openings.Opening]:
        return [
            openings.Opening(user, one.tap.pk, self.CLIENT, reads_words=True)
            for user in users
            for one in taps
        ]

    def test_each_has_a_session_and_an_entry(
        self, opened: OpenedTap, alice: User, bob: User
    ) -> None:
        wishes = self.wishes([opened], alice, bob)
        openings.open_listens(wishes)
        sessions = ListenSession.objects.order_by("pk")
        assert [one.username for one in sessions] == ["alice", "bob"]
        assert [one.opened().session_id for one in wishes] == [one.pk for one in sessions]
        written = entries(LedgerKind.LISTEN_BEGAN)
        assert [one.listen for one in written] == [one.pk for one in sessions]
        assert json.loads(written[0].details)["reads_words"] is True

    def test_one_who_is_refused_keeps_nobody_from_hearing(
        self, opened: OpenedTap, alice: User
    ) -> None:
        over = taps.open_tap("over")
        change(over, state="finished", ended_at=timezone.now())
        unknown = openings.Opening(alice, uuid.uuid4(), self.CLIENT)
        ended, heard = self.wishes([over, opened], alice)
        openings.open_listens([unknown, ended, heard])
        assert heard.opened().tap_id == opened.tap.pk
        with pytest.raises(openings.NoSuchTap):
            unknown.opened()
        with pytest.raises(openings.NotOpen, match="this call has ended"):
            ended.opened()

    def test_a_user_hears_no_more_than_eight_calls_by_coming_at_once(self, alice: User) -> None:
        wishes = self.wishes([taps.open_tap(f"call-{number}") for number in range(9)], alice)
        openings.open_listens(wishes)
        assert sum(one.listen is not None for one in wishes) == 8
        with pytest.raises(openings.TooMany):
            wishes[-1].opened()

    def test_nobody_hears_while_the_ledger_takes_no_entry(
        self, opened: OpenedTap, alice: User
    ) -> None:
        take_no_entries()
        with pytest.raises(ledger.NotWritten):
            openings.open_listens(self.wishes([opened], alice))
        assert not ListenSession.objects.exists()
