"""Whatever a browser asks for is answered, and never with a server's error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Tap
from monitor.services import user_settings
from monitor.services.taps import OpenedTap
from tests.support.fuzz import TEXTS, damaged, examples, messages
from tests.support.tellings import tell
from tests.support.words import heard

VALUES = TEXTS | st.sampled_from(
    ["1", "-1", "0", "1.5", "9" * 5000, "2030-01-01", "9999-99-99", "-3.1", "both", "a,b", "NaN"]
)
#: What our pages and the admin's read from a query, and how Django's filters look something up.
READ = (
    "q p o e all next _changelist_filters _popup _to_field at tap team state state__exact id__in "
    "call__agent started_at__gte started_at__lt direction__in user__id__exact kind__exact number"
)
NAMES = st.text(max_size=12) | st.sampled_from(READ.split())
QUERIES = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(
    lambda pairs: urlencode(pairs, errors="surrogatepass")
) | st.binary(max_size=30).map(quote)
MODELS = (
    "call",
    "tap",
    "listensession",
    "callorder",
    "ledgerentry",
    "adminaction",
    "team",
    "agent",
)
PATHS = [
    "/",
    "/login",
    "/password",
    "/calls/{call}",
    "/calls/{call}/deck",
    "/calls/{call}/timeline",
    "/calls/{call}/words",
    "/taps/{tap}",
    "/healthz",
    "/metrics",
    "/admin/monitor/call/words.csv",
    "/admin/monitor/call/words.jsonl",
    "/admin/monitor/tap/export.csv",
    "/admin/monitor/listensession/export.csv",
    "/admin/monitor/ledgerentry/export.csv",
    "/admin/autocomplete/",
    *(f"/admin/monitor/{model}/" for model in MODELS),
    *(f"/admin/monitor/{model}/{{call}}/change/" for model in MODELS),
]
ANY_PATH = st.binary(min_size=1, max_size=40).map(lambda raw: "/" + quote(raw, safe="/"))


@pytest.fixture
def call(opened: OpenedTap) -> Tap:
    tell(heard("Hello."), None)
    return opened.tap


def assert_answered(response: Any) -> None:
    """Read an answer to its end: a stream may fail at any place. The client raises what a view
    does."""
    if response.streaming and not response.is_async:
        b"".join(response.streaming_content)
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize("path", PATHS)
@examples(25)
@given(query=QUERIES)
def test_a_page_with_any_query(as_root: Client, call: Tap, path: str, query: str) -> None:
    at = path.format(call=call.call_id, tap=call.pk)
    assert_answered(as_root.get(f"{at}?{query}"))


@examples(150)
@given(path=ANY_PATH | st.sampled_from(PATHS).flatmap(lambda one: damaged(one.encode()).map(quote)))
def test_any_path(as_root: Client, call: Tap, path: str) -> None:
    assert_answered(as_root.get("/" + path.lstrip("/")))


@examples(150)
@given(raw=messages({"volume": 0.5}, {"theme": "dark"}, {"views": [{"name": "a", "query": "b"}]}))
def test_settings_of_any_bytes(as_root: Client, raw: bytes) -> None:
    response = as_root.post("/settings", raw, content_type="application/json")
    assert response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.BAD_REQUEST)
    assert_answered(as_root.get("/"))


@pytest.mark.hypothesis
def test_every_setting_takes_or_refuses_any_value(as_root: Client) -> None:
    names = st.sampled_from(sorted(user_settings.SETTINGS))

    @examples(150)
    @given(name=names, raw=messages("x", 1, True, {}, [{"name": "a", "query": "b"}], {"id": "x"}))
    def search(name: str, raw: bytes) -> None:
        body = b'{"%b": %b}' % (name.encode(), raw)
        response = as_root.post("/settings", body, content_type="application/json")
        assert response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.BAD_REQUEST)

    search()


COOKIES = (
    settings.SESSION_COOKIE_NAME,
    settings.CSRF_COOKIE_NAME,
    settings.DEVICE_COOKIE_NAME,
    settings.LANGUAGE_COOKIE_NAME,
    "zone",
    "messages",
)


@pytest.mark.django_db
@examples(150)
@given(
    cookies=st.dictionaries(st.sampled_from(COOKIES), TEXTS | st.text(max_size=60), max_size=4),
    fields=st.dictionaries(
        st.sampled_from(["username", "password", "next", "csrfmiddlewaretoken"]), VALUES
    ),
)
def test_a_sign_in_with_any_cookies_and_fields(
    cookies: dict[str, str], fields: dict[str, str]
) -> None:
    client = Client()
    pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
    body = urlencode(fields, errors="surrogatepass")
    raw = pairs.encode("utf-8", "surrogatepass").decode("latin1")
    kind = "application/x-www-form-urlencoded"
    assert_answered(client.get("/login", HTTP_COOKIE=raw))
    response = client.post("/login", body, content_type=kind, HTTP_COOKIE=raw)
    assert_answered(response)
    assert "_auth_user_id" not in client.session


@examples(100)
@given(raw=st.binary(max_size=60), length=st.integers(-5, 200) | st.text(max_size=5))
def test_orders_of_any_bytes(as_root: Client, call: Tap, raw: bytes, length: int | str) -> None:
    for action in ("start", "stop"):
        path = f"/calls/{call.call_id}/{action}"
        for kind in ("application/json", "multipart/form-data; boundary=x", "a/b;" + str(length)):
            assert_answered(as_root.generic("POST", path, raw, kind))


@examples(100)
@given(host=st.text(max_size=30), forwarded=st.text(max_size=60), accept=st.text(max_size=40))
def test_headers_of_any_text(as_root: Client, host: str, forwarded: str, accept: str) -> None:
    names = "Accept-Language Accept-Encoding Referer If-Modified-Since User-Agent X-Forwarded-Proto"
    headers = {"Host": host, "X-Forwarded-For": forwarded, **dict.fromkeys(names.split(), accept)}
    assert_answered(as_root.get("/", headers=headers))
