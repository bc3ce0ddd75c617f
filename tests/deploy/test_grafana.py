"""The dashboard of ``deploy/``: its panels ask for series that /metrics has, at its data source."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.support.scraping import served

GRAFANA = Path(settings.BASE_DIR) / "deploy" / "grafana"
BOARD = json.loads((GRAFANA / "earshot.json").read_text())


@pytest.mark.parametrize("panel", BOARD["panels"], ids=lambda panel: f"{panel['id']}")
def test_a_panel_asks_for_series_that_exist(panel: dict[str, Any]) -> None:
    asked = {name for one in panel["targets"] for name in re.findall(r"earshot_\w+", one["expr"])}
    assert asked
    assert asked - served() == set()


def test_it_asks_the_data_source_that_is_provisioned() -> None:
    source = (GRAFANA / "provisioning" / "datasources" / "earshot.yml").read_text()
    asked = {one["datasource"]["uid"] for panel in BOARD["panels"] for one in panel["targets"]}
    assert asked == set(re.findall(r"uid: (\S+)", source))


def test_no_panel_covers_another() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in BOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24  # columns, as Grafana has
