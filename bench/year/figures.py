"""What was measured, beside its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Goals(NamedTuple):
    """Of a database: milliseconds of a list at most."""

    list_ms: float
    page_ms: float = 200.0  # the page of a call


GOALS = {"postgresql": Goals(300.0), "sqlite": Goals(1000.0)}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    goal: float
    unit: str
    at_least: bool = False  # whether more is better
    note: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def lines(figures: list[Figure]) -> list[str]:
    """Return the table."""
    table = ["| what | measured | goal | met |", "|---|---|---|---|"]
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        measured = f"{one.value:,.0f} {one.unit}{one.note and f' ({one.note})'}"
        verdict = "yes" if one.met else "**no**"
        table.append(f"| {one.name} | {measured} | {sign} {one.goal:,.0f} {one.unit} | {verdict} |")
    return table
