"""What the identity provider says closes sockets, as every other change of rights does."""

from __future__ import annotations

from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Tap
from tests.support.provider import Provider, sign_in
from tests.support.servers import Server
from tests.support.talk import closing, json_message


async def test_a_group_that_is_taken_away_closes_open_sockets_at_the_next_sign_in(
    server: Server, sales_call: Tap, provider: Provider
) -> None:
    await database_sync_to_async(sign_in)(Client(), provider, "a-1")
    ann = await User.objects.aget(username="ann")
    async with server.listen(sales_call.pk, ann) as page:
        assert (await json_message(page))["type"] == "hello"
        provider.knows("a-1", groups=["others"])
        await database_sync_to_async(sign_in)(Client(), provider, "a-1")
        code, _ = await closing(page)
    assert code in {4403, 4410}
