"""docs/ and README name what the code names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from monitor import announce, packets
from monitor.audio import frame
from monitor.live import bus
from monitor.live.close import CloseCode
from monitor.models import Call, Tap, TapState

PROTOCOL = (Path(settings.BASE_DIR) / "docs" / "protocol.md").read_text()
README = (Path(settings.BASE_DIR) / "README.md").read_text()
LIVE = Path(settings.BASE_DIR) / "monitor" / "live"
MESSAGE_TYPES = sorted(
    {
        kind
        for path in LIVE.glob("*.py")
        for kind in re.findall(r'"type": "([a-z]+)"', path.read_text())
    }
)


@pytest.mark.parametrize("code", CloseCode, ids=lambda code: code.name)
def test_every_close_code_is_in_the_protocol(code: CloseCode) -> None:
    assert f"| {int(code)} |" in PROTOCOL


@pytest.mark.parametrize("kind", MESSAGE_TYPES)
def test_every_message_type_is_in_the_protocol(kind: str) -> None:
    assert f'"type":"{kind}"' in PROTOCOL


def test_there_are_message_types_to_look_for() -> None:
    assert {"hello", "state", "end", "snapshot", "meters"} <= set(MESSAGE_TYPES)


@pytest.mark.parametrize("field", frame.FrameHeader._fields)
def test_every_header_field_is_in_the_protocol(field: str) -> None:
    assert f"| `{field}` |" in PROTOCOL


@pytest.mark.parametrize("key", [bus.EVENTS, bus.METERS, bus.REVOCATIONS])
def test_every_stream_is_in_the_protocol(key: str) -> None:
    assert f"| `{key}` |" in PROTOCOL


@pytest.mark.parametrize("state", TapState.values)
def test_every_state_is_in_the_protocol(state: str) -> None:
    assert state in PROTOCOL


@pytest.mark.parametrize("field", announce.describe(Tap(call=Call())))
def test_every_field_of_a_tap_is_in_the_protocol(field: str) -> None:
    assert f"`{field}`" in PROTOCOL


@pytest.mark.parametrize("figure", packets.FIGURES, ids=lambda figure: figure.name)
def test_every_figure_is_in_the_protocol(figure: packets.Figure) -> None:
    assert f"`{figure.name}`" in PROTOCOL


READERS = "boolean|whole|url|ipv4|ports|payload_types|trusted_proxies|networks"


def settings_read() -> set[str]:
    source = (Path(settings.BASE_DIR) / "monitor" / "settings.py").read_text()
    return set(re.findall(rf'(?:env\.\w+|{READERS})\(\s*"([A-Z_]+)"', source))


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


def test_every_readme_setting_is_read() -> None:
    table = README[README.index("## Settings") :]
    assert set(re.findall(r"^\| `([A-Z_]+)`", table, re.M)) <= settings_read() | {"PORT"}
