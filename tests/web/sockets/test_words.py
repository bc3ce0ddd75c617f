"""What is said in calls, live: who is sent it, and what becomes of a right that comes or goes."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import Permission, User

from tests.support.scraping import scrape
from tests.support.servers import Server
from tests.support.talk import Connection, json_message, message_of, open_tap
from tests.support.tellings import tell
from tests.support.waiting import eventually
from tests.support.words import heard, said, summary


async def say(text: str) -> None:
    """Have the caller of the call say something."""
    await database_sync_to_async(tell)(heard(text), None)


async def permit(user: User, *, may_read: bool) -> None:
    """Let a user listen, and read what is said or not."""
    allowed = ["view_tap", "listen_tap", "see_all_teams", *(["read_words"] if may_read else [])]
    await user.groups.aclear()
    found = [one async for one in Permission.objects.filter(codename__in=allowed)]
    await user.user_permissions.aset(found)


async def texts(page: Connection) -> list[str]:
    """Return the lines of the next message about words."""
    return [line["text"] for line in (await message_of(page, "words"))["lines"]]


def said_in(snapshot: dict[str, Any]) -> list[str]:
    return [line["text"] for line in snapshot["said"].values()]


async def test_a_console_is_sent_what_was_said_last_and_what_is_said_then(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    await say("Hello?")
    async with server.console(alice) as page:
        snapshot = await json_message(page)
        assert list(snapshot["said"]) == [str(opened.tap.call_id)]
        assert said_in(snapshot) == ["Hello?"]
        await say("Is anybody there?")
        words = await message_of(page, "words")
        assert words["call"] == str(opened.tap.call_id)
        assert [line["text"] for line in words["lines"]] == ["Is anybody there?"]
        record = summary(call_log=[said("user", "Hello.")])
        await database_sync_to_async(tell)(record, None)
        assert (await message_of(page, "words"))["lines"] is None

    async def is_measured() -> bool:
        return scrape(server)["earshot_words_delay_seconds_count"] >= 2

    assert await eventually(is_measured)


async def test_a_user_who_may_not_read_words_is_sent_none(server: Server, alice: User) -> None:
    await permit(alice, may_read=False)
    opened = await open_tap()
    await say("Hello?")
    async with server.console(alice) as page, server.listen(opened.tap.pk, alice) as ear:
        assert "said" not in await json_message(page)
        await json_message(ear)
        await say("Is anybody there?")
        await open_tap("call-2")  # an event after it
        received = [await json_message(page) for _ in range(2)]
        assert "words" not in [one["type"] for one in received]


async def test_a_listener_is_sent_what_is_said_in_its_call(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as ear:
        await json_message(ear)
        await database_sync_to_async(tell)(heard("Elsewhere.", "call-2"), None)
        await say("Hello?")
        assert await texts(ear) == ["Hello?"]


async def test_a_right_that_is_given_and_taken_takes_effect_on_open_pages(
    server: Server, alice: User
) -> None:
    await permit(alice, may_read=False)
    opened = await open_tap()
    await say("One.")
    async with server.console(alice) as page, server.listen(opened.tap.pk, alice) as ear:
        assert "said" not in await json_message(page)
        await json_message(ear)
        await permit(alice, may_read=True)
        assert said_in(await message_of(page, "snapshot")) == ["One."]
        await say("Two.")
        assert await texts(page) == await texts(ear) == ["Two."]
        await permit(alice, may_read=False)
        assert "said" not in await message_of(page, "snapshot")
        await say("Three.")
        await permit(alice, may_read=True)
        while (snapshot := await json_message(page))["type"] != "snapshot":
            assert snapshot["type"] != "words"
        assert said_in(snapshot) == ["Three."]
