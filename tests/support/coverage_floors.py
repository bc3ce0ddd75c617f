"""Compare how much of each package the tests run with the floors in pyproject.toml.

    python -m tests.support.coverage_floors REPORT.json

A package is a folder of ``monitor``, the modules that lie in ``monitor`` itself, or ``agents``.
Its figure is the share of its statements and branches that were run, in percent.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Share:
    """The number of statements and branches of a package, and of those that the tests ran."""

    total: int = 0
    covered: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.total + other.total, self.covered + other.covered)

    @property
    def percent(self) -> float:
        """Round down to a tenth, so that a printed figure that is its floor has reached it."""
        return self.covered * 1000 // self.total / 10 if self.total else 100.0


def package_of(path: str) -> str:
    """Name the package that a file counts for."""
    parts = PurePath(path).parts
    return ".".join(parts[: min(2, len(parts) - 1)])


def shares(report: Mapping[str, Any]) -> dict[str, Share]:
    """Sum a report's files by package."""
    found: dict[str, Share] = {}
    for path, file in report["files"].items():
        figures = file["summary"]
        covered = figures["covered_lines"] + figures["covered_branches"]
        total = covered + figures["missing_lines"] + figures["missing_branches"]
        package = package_of(path)
        found[package] = found.get(package, Share()) + Share(total, covered)
    return found


def failures(found: Mapping[str, Share], floors: Mapping[str, float]) -> Iterable[str]:
    """Name each package below its floor, and each that has a floor or a figure only."""
    for package in sorted(found.keys() | floors.keys()):
        share, floor = found.get(package), floors.get(package)
        if floor is None:
            yield f"{package} has no floor in pyproject.toml"
        elif share is None:
            yield f"{package} has a floor in pyproject.toml, and was not measured"
        elif share.percent < floor:
            yield f"{package} is at {share.percent} %, below its floor of {floor} %"


def main(report: str) -> int:
    """Print the figures, then what is wrong with them. Returns the exit status."""
    found = shares(json.loads(Path(report).read_text()))
    floors = tomllib.loads(PYPROJECT.read_text())["tool"]["earshot"]["coverage-floors"]
    for package, share in sorted(found.items()):
        floor = floors.get(package, "none")
        sys.stdout.write(f"{package:20} {share.percent:5} %   floor {floor}\n")
    wrong = list(failures(found, floors))
    for failure in wrong:
        sys.stderr.write(f"coverage: {failure}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
