"""The units of ``deploy/``: systemd can read them, and what they run may do little else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

UNITS = Path(settings.BASE_DIR) / "deploy" / "systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST = 15  # tenths of systemd's measure of exposure, which ends at 10

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")


def exposed(unit: Path) -> bool:
    """Return whether a unit's exposure is above MOST."""
    assert ANALYZE
    command = [ANALYZE, "security", "--offline=true", f"--threshold={MOST}", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert "Overall exposure level" in ran.stdout, ran.stderr
    return ran.returncode != 0


@pytest.mark.parametrize("name", ["earshot-web@.service", "earshot-rtptaps@.service"])
def test_a_worker_may_do_little_beside_its_work(name: str) -> None:
    assert not exposed(UNITS / name)


def test_a_unit_that_may_do_more_would_be_found(tmp_path: Path) -> None:
    text = (UNITS / "earshot-web@.service").read_text()
    bare = tmp_path / "earshot-web@.service"
    bare.write_text(text.replace("CapabilityBoundingSet=\n", "").replace("PrivateUsers=yes\n", ""))
    assert exposed(bare)


@pytest.mark.parametrize("unit", sorted(UNITS.iterdir()), ids=lambda unit: unit.name)
def test_systemd_knows_every_line_of_a_unit(unit: Path) -> None:
    assert ANALYZE
    ran = subprocess.run([ANALYZE, "verify", str(unit)], capture_output=True, text=True)
    ours = [line for line in ran.stderr.splitlines() if line.startswith("earshot")]
    # The path of the program is the one of an installation.
    assert [line for line in ours if "is not executable" not in line] == []
