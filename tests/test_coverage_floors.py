"""The coverage gate names the package that fell below its floor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import coverage_floors
from tests.support.coverage_floors import Share, failures, package_of, shares


def file_summary(lines: int, lines_run: int, branches: int, taken: int) -> dict[str, Any]:
    """What slipcover's report says about one file."""
    return {
        "summary": {
            "covered_lines": lines_run,
            "missing_lines": lines - lines_run,
            "covered_branches": taken,
            "missing_branches": branches - taken,
        }
    }


REPORT = {
    "files": {
        "monitor/bus/ring.py": file_summary(10, 9, 4, 3),
        "monitor/bus/keys.py": file_summary(6, 6, 0, 0),
        "agents/asgi.py": file_summary(0, 0, 0, 0),
    }
}


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("monitor/urls.py", "monitor"),
        ("monitor/bus/ring.py", "monitor.bus"),
        ("monitor/audio/rtp/jitter.py", "monitor.audio"),
        ("agents/asgi.py", "agents"),
    ],
)
def test_a_file_counts_for_its_package(path: str, package: str) -> None:
    assert package_of(path) == package


def test_statements_and_branches_of_a_packages_files_are_summed() -> None:
    assert shares(REPORT) == {"monitor.bus": Share(total=20, covered=18), "agents": Share()}


def test_a_share_is_rounded_down() -> None:
    assert Share(total=2000, covered=1999).percent == 99.9
    assert Share(total=3000, covered=2999).percent == 99.9


def test_a_package_without_code_is_wholly_run() -> None:
    assert Share().percent == 100.0


def test_a_package_at_its_floor_passes() -> None:
    assert not list(failures({"agents": Share(20, 18)}, {"agents": 90}))


def test_a_floor_that_nothing_reaches_fails_with_the_package_its_figure_and_the_floor() -> None:
    (said,) = failures({"agents": Share(20, 20)}, {"agents": 101})
    assert said == "agents is at 100.0 %, below its floor of 101 %"


def test_a_package_without_a_floor_fails() -> None:
    assert list(failures({"agents": Share(20, 20)}, {})) == [
        "agents has no floor in pyproject.toml"
    ]


def test_a_floor_whose_package_is_gone_fails() -> None:
    assert list(failures({}, {"agents": 90})) == [
        "agents has a floor in pyproject.toml, and was not measured"
    ]


def test_the_program_prints_every_figure_and_fails_below_a_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report, pyproject = tmp_path / "report.json", tmp_path / "pyproject.toml"
    report.write_text(json.dumps(REPORT))
    pyproject.write_text('[tool.earshot.coverage-floors]\nagents = 100\n"monitor.bus" = 101\n')
    monkeypatch.setattr(coverage_floors, "PYPROJECT", pyproject)
    assert coverage_floors.main(str(report)) == 1
    said = capsys.readouterr()
    assert [line.split() for line in said.out.splitlines()] == [
        ["agents", "100.0", "%", "floor", "100"],
        ["monitor.bus", "90.0", "%", "floor", "101"],
    ]
    assert said.err == "coverage: monitor.bus is at 90.0 %, below its floor of 101 %\n"
