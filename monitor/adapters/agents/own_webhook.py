"""OwnWebhook: posts to the URLs that agents have set for SignalWire's webhooks."""

from __future__ import annotations

import base64
import contextlib
import importlib
from collections.abc import AsyncIterator
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from monitor.adapters.carriers.signalwire.signature import signed
from monitor.concurrency import in_own_thread
from monitor.wire.own_post import OwnPost

if TYPE_CHECKING:
    import aiohttp

TIMEOUT = 5.0  # seconds for a post and all of its answer
MAX_ANSWER = 64 * 1024  # bytes that are read of an answer

#: Answers after which the same post may have success later.
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class Outcome(Enum):
    """What came of a post, as far as the sender can tell."""

    TAKEN = auto()
    REFUSED = auto()  # and will be again
    UNANSWERED = auto()  # it may be taken later


class Answer(NamedTuple):
    """What came of a post: ``why`` has no word of the URL or of either body."""

    outcome: Outcome
    why: str
    body: bytes = b""


@contextlib.asynccontextmanager
async def own_webhook(signing_key: str, timeout: float = TIMEOUT) -> AsyncIterator[OwnWebhook]:
    """Yield the way to agents' own URLs. Importing aiohttp takes 0.2 s, so only who uses it
    imports it, and not in the event loop's thread."""
    await in_own_thread(lambda: importlib.import_module("aiohttp"))
    import aiohttp

    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=0),  # PassOn limits the posts to each host
    ) as session:
        yield OwnWebhook(session, signing_key)


class OwnWebhook:
    """Posts as SignalWire would: the same bytes, the URL's login, and its signature if there is a
    key. Redirects are not followed, because only the agent's own URL may be posted to."""

    def __init__(self, session: aiohttp.ClientSession, signing_key: str) -> None:
        self._session = session
        self._signing_key = signing_key

    async def send(self, post: OwnPost) -> Answer:
        """Post once, and return what came of it. Raises nothing."""
        import aiohttp
        from yarl import URL

        try:
            url, headers = self._request(post)
            # Without ``encoded`` yarl would rewrite escapes, but a signature covers every byte.
            request = self._session.post(
                URL(url, encoded=True), data=post.body, headers=headers, allow_redirects=False
            )
            async with request as response:
                return await self._read(response)
        except TimeoutError:
            return Answer(Outcome.UNANSWERED, "no answer in time")
        except aiohttp.InvalidURL:
            return Answer(Outcome.REFUSED, "no valid URL")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(Outcome.UNANSWERED, type(error).__name__)

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        body = await response.content.read(MAX_ANSWER)
        answered = f"answered {response.status}"
        if response.status < HTTPStatus.MULTIPLE_CHOICES:
            return Answer(Outcome.TAKEN, answered, body)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in PASSING:
            return Answer(Outcome.UNANSWERED, answered)
        return Answer(Outcome.REFUSED, answered)

    def _request(self, post: OwnPost) -> tuple[str, dict[str, str]]:
        """Return the URL without its login, which is in the headers, and the headers."""
        parts = urlsplit(post.url)
        login, _, host = parts.netloc.rpartition("@")
        url = urlunsplit(parts._replace(netloc=host, fragment=""))
        headers = {"Content-Type": post.content_type}
        if login:
            encoded = base64.b64encode(unquote(login).encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        if self._signing_key:
            headers |= signed(url, post.body, self._signing_key)
        return url, headers
