"""An RTP tap's packet figures read the same here and in static/js/list/packets.js."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.services import packet_figures

SAMPLE = Path(__file__).parents[1] / "wire" / "packet-figures-sample.json"
ROWS: list[dict[str, Any]] = json.loads(SAMPLE.read_text())


@pytest.mark.parametrize("row", ROWS)
def test_the_figures_of_the_sample_file_read_as_the_file_says(row: dict[str, Any]) -> None:
    """The names, the units, the words and their order."""
    shown = packet_figures.table(row["counted"])
    assert [[one.figure.name, one.figure.unit, one.text] for one in shown] == row["shown"]


def test_the_sample_file_counts_every_figure_once() -> None:
    assert list(ROWS[0]["counted"]) == [figure.name for figure in packet_figures.FIGURES]
    assert all(text for _, _, text in ROWS[0]["shown"])
