"""The alerts of ``deploy/``: of metrics that exist, and each fires and is cleared."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.scraping import served

ROOT = Path(settings.BASE_DIR)
RULES = ROOT / "deploy" / "prometheus" / "earshot.rules.yml"
EXPECTED = ROOT / "tests" / "deploy" / "alerts.yml"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool")


def checked(*arguments: object) -> str:
    """Run promtool, which must agree; return what it says."""
    assert PROMTOOL
    ran = subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@needs_promtool
def test_the_configuration_is_valid() -> None:
    assert "10 rules found" in checked("check", "config", RULES.with_name("prometheus.yml"))


@needs_promtool
def test_each_alert_fires_and_is_cleared() -> None:
    assert "SUCCESS" in checked("test", "rules", EXPECTED)


@needs_promtool
def test_an_alert_that_did_not_fire_would_be_found(tmp_path: Path) -> None:
    deaf = RULES.read_text().replace("earshot_lag_seconds_max) > 3", "earshot_lag_seconds_max) > 9")
    (tmp_path / "deaf.yml").write_text(deaf)
    tests = EXPECTED.read_text().replace("../../deploy/prometheus/earshot.rules.yml", "deaf.yml")
    (tmp_path / "tests.yml").write_text(tests)
    with pytest.raises(AssertionError, match="EarshotListenersBehind"):
        checked("test", "rules", tmp_path / "tests.yml")


def test_alerts_are_about_metrics_that_exist() -> None:
    asked = set(re.findall(r"earshot_\w+", RULES.read_text()))
    assert len(asked) >= 6
    assert asked - served() == set()


def test_each_alert_is_tested() -> None:
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    assert [one for one in alerts if one not in EXPECTED.read_text()] == []
