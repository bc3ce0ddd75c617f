"""What a page hears of a tap, and which users may hear it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, User

from monitor import staticfiles
from monitor.audio import g711
from monitor.models import ListenSession, Tap
from monitor.services import tap_status
from monitor.wire import frame
from monitor.wire.status_report import StatusReport
from tests.support.servers import Server, cookie
from tests.support.talk import (
    Ear,
    closing,
    json_message,
    message,
    message_of,
    open_tap,
    payload,
    refusal,
)
from tests.support.waiting import eventually


async def speak(sender: Any, count: int, first: int = 0) -> bytes:
    sent = [payload(number) for number in range(first, first + count)]
    for one in sent:
        await sender.send(one)
    return b"".join(sent)


async def ended_session() -> ListenSession:
    async def look() -> ListenSession | None:
        return await ListenSession.objects.filter(ended_at__isnull=False).afirst()

    session: ListenSession = await eventually(look)
    return session


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_a_listener_gets_exactly_what_was_sent(
    server: Server, alice: User, codec: g711.Codec
) -> None:
    opened = await open_tap(codec=codec)
    async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
        assert (await json_message(page))["type"] == "hello"
        sent = await speak(sender, 30)
        heard = await Ear(page).take(30 * 160)
    assert heard == g711.decode(codec, sent)


async def test_hello_describes_the_tap_and_the_audio(server: Server, alice: User) -> None:
    opened = await open_tap(direction="speak", agent="Receptionist")
    async with server.listen(opened.tap.pk, alice) as page:
        hello = await json_message(page)
    assert hello.pop("tap")["agent"] == "Receptionist"
    assert hello == {
        "type": "hello",
        "build": staticfiles.build(),
        "come_back_ms": 500,
        "rate": 8000,
        "channels": 1,
        "leg": "speak",
        "state": "requested",
        "stalled": False,
        "position": 0,
    }


async def test_frames_carry_leg_position_and_arrival(server: Server, alice: User) -> None:
    opened = await open_tap(direction="listen")
    async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
        await message(page)
        await speak(sender, 9)
        ear = Ear(page)
        await ear.take(9 * 160)
    headers = [frame.unpack_header(one) for one in ear.frames]
    assert [header.position for header in headers] == [0, 480, 960]
    assert {header.leg for header in headers} == {frame.Leg.LISTEN}
    assert headers[0].received_at <= headers[-1].received_at


async def test_many_listeners_hear_the_same(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.tap(opened.uri) as sender:
        pages = [await server.listen(opened.tap.pk, alice) for _ in range(8)]
        for page in pages:
            await message(page)
        sent = await speak(sender, 12)
        heard = await asyncio.gather(*(Ear(page).take(12 * 160) for page in pages))
        for page in pages:
            await page.close()
    assert set(heard) == {g711.decode("PCMU", sent)}


async def test_the_end_of_a_tap_ends_the_socket_with_a_reason(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page:
        async with server.tap(opened.uri) as sender:
            await message(page)
            await speak(sender, 3)
        report = StatusReport("finished", opened.tap.control_id, "", None, {}, "digest")
        await database_sync_to_async(tap_status.record_status)(opened.tap.pk, report)
        ear = Ear(page)
        assert await ear.to_end() == {"type": "end", "reason": "finished"}
        assert (await closing(page))[0] == 1000
    assert sum(frame.sample_count(one) for one in ear.frames) == 480


async def test_a_listener_is_notified_of_a_changed_state(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page:
        await message(page)
        async with server.tap(opened.uri):
            state = await message_of(page, "state")
    assert state == {"type": "state", "state": "tapping", "stalled": False}


async def test_a_listener_is_notified_when_a_tap_stalls_and_when_it_resumes(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
        await message(page)
        await speak(sender, 1)
        while not (await message_of(page, "state"))["stalled"]:
            pass  # the tap may have begun before the hello or after it
        await speak(sender, 3)
        assert (await message_of(page, "state"))["stalled"] is False


class TestBackfill:
    """The ring, oldest first, then live."""

    async def test_a_late_listener_hears_what_was_said_before(
        self, server: Server, alice: User
    ) -> None:
        opened = await open_tap()
        async with (
            server.tap(opened.uri) as sender,
            server.listen(opened.tap.pk, alice) as first,
        ):
            await message(first)
            sent = await speak(sender, 30)
            await Ear(first).take(30 * 160)  # so it is in the ring

            async with server.listen(opened.tap.pk, alice) as page:
                await message(page)
                await page.send('{"type":"backfill","seconds":30}')
                ear = Ear(page)
                await ear.take(30 * 160)
                sent += await speak(sender, 30, first=30)
                heard = await ear.take(60 * 160)
        assert heard == g711.decode("PCMU", sent)

    @pytest.mark.parametrize("seconds", ["0", "-1", "601", '"5"', "null", "NaN"])
    async def test_nonsense_is_answered_and_changes_nothing(
        self, server: Server, alice: User, seconds: str
    ) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
            await message(page)
            await page.send(f'{{"type":"backfill","seconds":{seconds}}}')
            assert "seconds" in (await message_of(page, "error"))["reason"]
            await speak(sender, 3)
            assert await Ear(page).take(480)


async def test_a_listener_is_told_the_servers_time(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page:
        await message(page)
        before = time.time() * 1000
        await page.send('{"type":"clock","sent":12.5}')
        answer = await message_of(page, "clock")
    assert answer["sent"] == 12.5
    assert before - 1 <= answer["now"] <= time.time() * 1000 + 1


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"type":"ack"}', "x" * 5000])
async def test_a_message_that_makes_no_sense_is_answered(
    server: Server, alice: User, text: str
) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page:
        await message(page)
        await page.send(text)
        assert (await message_of(page, "error"))["reason"]


class TestWho:
    """Session, Origin and permission."""

    async def test_nobody_signed_in_is_closed_4401(self, server: Server) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, None) as page:
            assert (await closing(page))[0] == 4401

    async def test_a_user_without_the_permission_is_closed_4403(
        self, server: Server, charlie: User
    ) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, charlie) as page:
            assert (await closing(page))[0] == 4403

    async def test_an_administrator_without_the_permission_is_closed_4403(
        self, server: Server, bob: User
    ) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, bob) as page:
            assert (await closing(page))[0] == 4403

    async def test_an_unknown_tap_is_closed_4404(self, server: Server, alice: User) -> None:
        async with server.listen(uuid.uuid4(), alice) as page:
            assert (await closing(page))[0] == 4404

    async def test_a_ninth_socket_of_a_user_is_closed_4429(
        self, server: Server, alice: User
    ) -> None:
        opened = await open_tap()
        pages = [await server.listen(opened.tap.pk, alice) for _ in range(8)]
        for page in pages:
            await message(page)
        async with server.listen(opened.tap.pk, alice) as ninth:
            assert (await closing(ninth))[0] == 4429
        for page in pages:
            await page.close()

    @pytest.mark.parametrize(
        "origin", ["null", "https://elsewhere.example", "https://[", "http://127.0.0.1:99999"]
    )
    async def test_a_page_of_another_origin_is_refused_without_a_traceback(
        self, server: Server, alice: User, origin: str
    ) -> None:
        opened = await open_tap()
        connecting = server.page(f"/listen/{opened.tap.pk}", alice, origin=origin)
        # Autobahn itself answers 400 where a header is no origin at all.
        assert await refusal(connecting) in (400, 403)
        assert "Traceback" not in server.said()


class TestRevocation:
    """A lost right ends what it opened."""

    async def listening(self, server: Server, tap: Tap, user: User) -> Any:
        page = await server.listen(tap.pk, user)
        assert (await json_message(page))["type"] == "hello"
        return page

    async def test_signing_out_closes_4410(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        signed_in = await database_sync_to_async(cookie)(alice)
        page = await server.with_cookie(f"/listen/{opened.tap.pk}", signed_in)
        await message(page)
        await asyncio.to_thread(server.sign_out, signed_in)
        assert await closing(page) == (4410, "signed out")

    async def test_another_session_of_the_user_goes_on(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        stays = await self.listening(server, opened.tap, alice)
        signed_in = await database_sync_to_async(cookie)(alice)
        goes = await server.with_cookie(f"/listen/{opened.tap.pk}", signed_in)
        await message(goes)
        await asyncio.to_thread(server.sign_out, signed_in)
        await closing(goes)
        async with server.tap(opened.uri) as sender:
            await speak(sender, 3)
            assert await Ear(stays).take(480)
        await stays.close()

    async def test_a_deactivated_user_is_closed_4410(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        page = await self.listening(server, opened.tap, alice)
        alice.is_active = False
        await alice.asave()
        assert (await closing(page))[0] == 4410

    async def test_a_changed_password_closes_4410(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        page = await self.listening(server, opened.tap, alice)
        alice.set_password("another password")
        await alice.asave()
        assert (await closing(page))[0] == 4410

    async def test_leaving_the_group_closes_4410(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        page = await self.listening(server, opened.tap, alice)
        await alice.groups.aclear()
        assert (await closing(page))[0] == 4410

    async def test_a_group_that_loses_the_permission_closes_4410(
        self, server: Server, alice: User
    ) -> None:
        opened = await open_tap()
        page = await self.listening(server, opened.tap, alice)
        group = await Group.objects.aget(name="Supervisors")
        await group.permissions.aclear()
        assert (await closing(page))[0] == 4410


class TestLedger:
    """Every listen leaves a row."""

    async def test_the_row_exists_before_the_first_byte(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, alice) as page:
            await message(page)
            session = await ListenSession.objects.select_related("tap").aget()
            assert (session.username, session.tap.pk) == ("alice", opened.tap.pk)
            assert (session.address, session.ended_at) == ("127.0.0.1", None)

    async def test_the_row_says_how_much_was_heard_and_how_it_ended(
        self, server: Server, alice: User
    ) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
            await message(page)
            await speak(sender, 6)
            await Ear(page).take(960)
        session = await ended_session()
        assert (session.frames, session.dropped) == (2, 0)
        assert session.end_reason == "the page left"

    async def test_a_refused_listen_leaves_none(self, server: Server, charlie: User) -> None:
        opened = await open_tap()
        async with server.listen(opened.tap.pk, charlie) as page:
            await closing(page)
        assert await ListenSession.objects.acount() == 0

    async def test_a_page_that_vanishes_ends_its_row(self, server: Server, alice: User) -> None:
        opened = await open_tap()
        page = await server.listen(opened.tap.pk, alice)
        await message(page)
        page.transport.abort()
        await ended_session()


async def test_an_ack_of_what_was_never_sent_is_answered(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page, server.tap(opened.uri) as sender:
        await message(page)
        await speak(sender, 3)
        await Ear(page).take(480)
        await page.send(json.dumps({"type": "ack", "position": 481}))
        assert (await message_of(page, "error"))["reason"] == "position was never sent"


@pytest.mark.parametrize("kinds", [("daphne", "uvicorn"), ("uvicorn", "daphne")])
async def test_a_tap_in_one_process_is_heard_in_another(
    transactional_db: Any, alice: User, kinds: tuple[str, str]
) -> None:
    opened = await open_tap()
    with Server(kinds[0]) as one, Server(kinds[1]) as other:
        async with other.listen(opened.tap.pk, alice) as page, one.tap(opened.uri) as sender:
            await message(page)
            sent = await speak(sender, 30)
            heard = await Ear(page).take(30 * 160)
    assert heard == g711.decode("PCMU", sent)
