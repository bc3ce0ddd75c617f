"""The units of ``deploy/``: systemd can read them, and what they run may do little else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

UNITS = Path(settings.BASE_DIR) / "deploy" / "systemd"
ANALYZE = shutil.which("systemd-analyze")
SERVICES = sorted(UNITS.glob("*.service"))
MOST = 15  # tenths of systemd's measure of exposure, which ends at 10

pytestmark = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")


def exposed(unit: Path) -> bool:
    """Return whether a unit's exposure is above MOST."""
    assert ANALYZE
    command = [ANALYZE, "security", "--offline=true", f"--threshold={MOST}", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert "Overall exposure level" in ran.stdout, ran.stderr
    return ran.returncode != 0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_may_do_little_beside_its_work(unit: Path) -> None:
    assert not exposed(unit)


def test_services_that_may_do_more_would_be_found(tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    hardening = tmp_path / "earshot-.service.d" / "hardening.conf"
    text = hardening.read_text()
    hardening.write_text(
        text.replace("CapabilityBoundingSet=\n", "").replace("PrivateUsers=yes\n", "")
    )
    assert exposed(tmp_path / "earshot-web@.service")


@pytest.mark.parametrize(
    "unit", sorted(one for one in UNITS.iterdir() if one.is_file()), ids=lambda unit: unit.name
)
def test_systemd_knows_every_line_of_a_unit(unit: Path) -> None:
    assert ANALYZE
    ran = subprocess.run([ANALYZE, "verify", str(unit)], capture_output=True, text=True)
    ours = [line for line in ran.stderr.splitlines() if line.startswith("earshot")]
    # The path of the program is the one of an installation.
    assert [line for line in ours if "is not executable" not in line] == []
