"""docs/ and README name what the code names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from monitor.audio.condition import SEVERITIES, Kind
from monitor.bus.keys import ALERTS, ATTENTION, EVENTS, METERS, PAUSES, REVOCATIONS, SECONDS, WORDS
from monitor.models import Call, CallState, Tap
from monitor.services import descriptions, packet_figures
from monitor.services.taps import OpenedTap
from monitor.wire import frame
from monitor.wire.close import CloseCode

ROOT = Path(settings.BASE_DIR)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
README = (ROOT / "README.md").read_text()
SENDERS = [
    ROOT / "monitor" / package for package in ("fanout", "ingest", "services", "web/sockets")
]
MESSAGE_TYPES = sorted(
    {
        kind
        for package in SENDERS
        for path in package.glob("*.py")
        for kind in re.findall(r'"type": "([a-z]+)"', path.read_text())
    }
)


KEYS = (ALERTS, ATTENTION, EVENTS, METERS, PAUSES, REVOCATIONS, SECONDS, WORDS)


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


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_attention_is_in_the_protocol_with_its_severity(kind: Kind) -> None:
    assert f"| `{kind}` | {SEVERITIES[kind]} |" in PROTOCOL


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_in_the_protocol(key: str) -> None:
    assert f"| `{key}` |" in PROTOCOL


@pytest.mark.parametrize("state", CallState.values)
def test_every_state_is_in_the_protocol(state: str) -> None:
    assert state in PROTOCOL


@pytest.mark.parametrize("field", descriptions.describe_leg(Tap(call=Call())))
def test_every_field_of_a_leg_is_in_the_protocol(field: str) -> None:
    assert f"`{field}`" in PROTOCOL


@pytest.mark.django_db
def test_every_field_of_a_call_is_in_the_protocol(opened: OpenedTap) -> None:
    [call] = descriptions.current_calls()
    assert [field for field in call if f"`{field}`" not in PROTOCOL] == []


@pytest.mark.parametrize("figure", packet_figures.FIGURES, ids=lambda figure: figure.name)
def test_every_figure_is_in_the_protocol(figure: packet_figures.Figure) -> None:
    assert f"`{figure.name}`" in PROTOCOL


def settings_read(method: str) -> set[str]:
    """Return the names of the settings that are read with a method of the environment."""
    modules = (ROOT / "monitor" / "settings").glob("*.py")
    calls = re.compile(rf'env\.{method}\(\s*"([A-Z_]+)"')
    return {name for module in modules for name in calls.findall(module.read_text())}


@pytest.mark.parametrize("name", sorted(settings_read(r"\w+")))
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


def test_every_readme_setting_is_read() -> None:
    table = README[README.index("## Settings") :]
    assert set(re.findall(r"^\| `([A-Z_]+)`", table, re.M)) <= settings_read(r"\w+") | {"PORT"}


def test_the_readme_names_every_secret_that_a_file_may_hold() -> None:
    (row,) = re.findall(r"^\| `<NAME>_FILE` .*$", README, re.M)
    assert set(re.findall(r"`([A-Z_]+)`", row)) == settings_read("secret")


def section(title: str) -> str:
    """Return the part of the architecture page under a heading of the second level."""
    (text,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", ARCHITECTURE, re.M | re.S)
    return str(text)


def drawn_layers(text: str) -> list[str]:
    """Return the rows of the drawing, without their rules and the lines between them."""
    drawing = text.split("```")[1]
    left = [line.partition("│")[0].strip() for line in drawing.splitlines() if "│" in line]
    return [row for row in left if row]


def staircase() -> dict[str, list[str]]:
    """Return the import contract that orders the layers."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [one for one in contracts["contracts"] if one["type"] == "layers"]
    return dict(layers)


def files_named(text: str) -> list[str]:
    """Return the paths in code quotes, except those that are patterns."""
    quoted = set(re.findall(r"`([\w./-]+)`", text))
    return sorted(name for name in quoted if re.match(r"(monitor|static|tests|docs)/", name))


def test_the_drawing_of_the_layers_is_the_import_contract() -> None:
    assert drawn_layers(section("The layers")) == staircase()["layers"]


@pytest.mark.parametrize("layer", staircase()["layers"])
def test_a_drawing_with_a_renamed_layer_differs_from_the_contract(layer: str) -> None:
    renamed = section("The layers").replace(layer, layer.replace("e", "x", 1), 1)
    assert drawn_layers(renamed) != staircase()["layers"]


def test_every_package_of_the_monitor_is_in_the_drawing() -> None:
    packages = {path.parent.name for path in (ROOT / "monitor").glob("*/__init__.py")}
    drawn = set(re.findall(r"\w+", " ".join(drawn_layers(section("The layers")))))
    assert packages - set(staircase()["exhaustive_ignores"]) <= drawn


@pytest.mark.parametrize("module", staircase()["exhaustive_ignores"])
def test_every_module_outside_the_layers_is_named_below_the_drawing(module: str) -> None:
    assert f"`{module}`" in section("The layers")


def test_no_word_is_in_the_glossary_twice() -> None:
    words = re.findall(r"^\| (.+?) \|", section("Glossary"), re.M)
    entries = [word for entry in words for word in entry.split(", ")]
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("name", files_named(ARCHITECTURE))
def test_every_file_that_the_architecture_names_exists(name: str) -> None:
    assert (ROOT / name).exists()


def test_the_architecture_says_where_twenty_behaviours_live() -> None:
    rows = re.findall(r"^\| .+ \| .*`.+/.+`.* \|$", section("Where does X live?"), re.M)
    assert len(rows) >= 20
