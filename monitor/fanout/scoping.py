"""What consoles that see some calls only are sent of a message for all consoles.

A message about one call is sent as it came or not at all. One about several calls, such as levels,
is cut down to the calls that are seen.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any


def subjects_of(message: dict[str, Any]) -> list[str]:
    """Return the ids of the calls and taps that a message is about. Of a type that is not known
    there are none, and so nobody is sent it who does not see everything."""
    kind = message["type"]
    if kind == "call":
        return [message["call"]["id"]]
    if kind == "words":
        return [message["call"]]
    if kind == "stall":
        return [message["tap"]]
    return list({"talk": message.get("calls"), "meters": message.get("levels")}.get(kind) or ())


def part_of(message: dict[str, Any], seen: Sequence[str]) -> bytes:
    """Return a message about several calls or taps with those that are seen only, of which there
    is at least one."""
    if message["type"] == "talk":
        part = {**message, "calls": {pk: message["calls"][pk] for pk in seen}}
    else:
        levels = {pk: message["levels"][pk] for pk in seen}
        part = {**message, "levels": levels, **_more(message, seen)}
    return json.dumps(part).encode()


def _more(message: dict[str, Any], seen: Sequence[str]) -> dict[str, Any]:
    """Return what a message with levels has beside them: packet figures, and a bar for each tap."""
    more: dict[str, Any] = {}
    if "packets" in message:
        more["packets"] = {pk: message["packets"][pk] for pk in seen if pk in message["packets"]}
    if "bars" in message:
        bars = dict(zip(message["levels"], base64.b64decode(message["bars"]), strict=True))
        more["bars"] = base64.b64encode(bytes(bars[pk] for pk in seen)).decode()
    return more
