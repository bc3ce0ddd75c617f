"""The pages are given the paths of the sockets that the server serves."""

from __future__ import annotations

import re
import uuid

from django.test import Client
from django.urls.resolvers import RoutePattern

from monitor.services.taps import OpenedTap
from monitor.web.sockets import paths


def told(html: str) -> dict[str, str]:
    """The addresses in a page's root element, and the placeholder for a tap in them."""
    return dict(re.findall(r'data-([a-z]+(?:-url|-tap))="([^"]*)"', html))


def test_a_taps_path_leads_to_its_route() -> None:
    tap_id = uuid.uuid4()
    route = RoutePattern(paths.LISTEN_ROUTE, is_endpoint=True)
    match = route.match(paths.listen(tap_id).removeprefix("/"))
    assert match
    assert str(match[2]["tap_id"]) == str(tap_id)


def test_the_pages_of_a_call_and_of_the_list_can_name_any_tap(
    as_alice: Client, opened: OpenedTap
) -> None:
    for page in ("/", f"/calls/{opened.tap.call_id}"):
        addresses = told(as_alice.get(page).content.decode())
        assert addresses["console-url"] == "/console"
        assert addresses["listen-url"] == f"/listen/{addresses['any-tap']}"


def test_the_page_of_the_list_can_name_any_call(as_alice: Client) -> None:
    assert told(as_alice.get("/").content.decode())["call-url"] == "/calls/0"
