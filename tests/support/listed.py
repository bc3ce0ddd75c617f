"""A live list whose messages the test sends, in place of the server's."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

from playwright.async_api import Page, WebSocketRoute, expect

NEVER_PAUSED = {"changes": 0, "since": None, "until": None, "by": ""}


def iso(seconds_ago: float) -> str:
    return (
        datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds_ago)
    ).isoformat()


def condition(kind: str = "help", severity: int = 100, note: str = "") -> dict[str, Any]:
    """Describe a condition that has held for 42 s."""
    return {"kind": kind, "leg": None, "severity": severity, "since": iso(42), "note": note}


def leg(number: int, version: int, at: str, state: str, ended_at: str | None) -> dict[str, Any]:
    """Describe the one leg of a call."""
    return {
        "id": f"00000000-0000-0000-0000-{number:012}",
        "control_id": "c",
        "direction": "both",
        "codec": "PCMU",
        "transport": "ws",
        "state": state,
        "transitions": version - 1,
        "media": True,
        "silent_since": None,
        "requested_at": at,
        "started_at": at,
        "stop_requested_at": None,
        "ended_at": ended_at,
        "reason": "",
        "notice": "",
        "end_reason": "",
        "listeners": 0,
    }


def call(number: int, version: int = 2, **changes: Any) -> dict[str, Any]:
    """Describe a live call; of two calls the one with the lower number is newer."""
    at = iso(60 * number)
    state = changes.get("state", "tapping")
    described = {
        "id": str(number),
        "call_id": f"call-{number}",
        "agent": "receptionist",
        "caller": f"+1303555{number:04}",
        "caller_name": f"Caller {number}",
        "version": version,
        "state": state,
        "over": state not in ("requested", "tapping"),
        "reason": "",
        "needs_notice": False,
        "requested_at": at,
        "started_at": at,
        "ended_at": None,
        "listeners": [],
        "attention": [],
        "pause": NEVER_PAUSED,
        "legs": [leg(number, version, at, state, changes.get("ended_at"))],
    }
    return {**described, **changes}


class Listed:
    """Serves the page's ``/console``: first a snapshot of some calls, then what the test says."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._calls: list[dict[str, Any]] = []

    async def serve(self, *calls: dict[str, Any]) -> None:
        """Serve these calls to every page that is opened from now on."""
        self._calls = list(calls)
        await self._page.route_web_socket(re.compile("/console$"), self._open)

    def _open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        about = {"build": "", "come_back_ms": 500, "now": iso(0), "attention_watched": True}
        socket.send(json.dumps({"type": "snapshot", **about, "calls": self._calls}))

    def say(self, call: dict[str, Any]) -> None:
        """Tell the page of a call that is new or has changed."""
        self._socket.send(json.dumps({"type": "call", "call": call}))

    async def expect_rows(self, *numbers: int, timeout: float = 5.0) -> None:
        """Wait until the rows are those of these calls, top down."""
        rows = self._page.locator("[data-call] [data-part=caller]")
        names = [f"Caller {number}" for number in numbers]
        await expect(rows).to_have_text(names, timeout=timeout * 1000)
