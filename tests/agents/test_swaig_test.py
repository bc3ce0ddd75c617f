"""The receptionist under SignalWire's own ``swaig-test``, run from the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from monitor.models import Call, Tap

pytestmark = pytest.mark.django_db(transaction=True)


def swaig_test(*arguments: str) -> str:
    """Run ``swaig-test`` and return what it prints: its exit status is 0 even if a tool failed."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "signalwire.cli.swaig_test_wrapper",
            "agents/receptionist.py",
            *arguments,
        ],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    return done.stdout


def test_it_lists_both_tools() -> None:
    said = swaig_test("--list-tools")
    assert "start_monitoring - " in said
    assert "stop_monitoring - " in said
    assert "direction (string [options: both, speak, listen])" in said


def test_it_starts_a_tap_once_and_stops_it() -> None:
    start = ("--call-id", "call-1", "--exec", "start_monitoring", "--direction", "both")
    started = swaig_test(*start)
    tap = Tap.objects.get()
    assert (tap.call.call_id, tap.call.agent) == ("call-1", "receptionist")
    assert "Monitoring has started" in started
    assert f'"control_id": "{tap.control_id}"' in started
    assert '"direction": "both"' in started

    again = swaig_test(*start)
    assert "already being monitored" in again
    assert "control_id" not in again

    stopped = swaig_test("--call-id", "call-1", "--exec", "stop_monitoring")
    assert '"stop_tap"' in stopped
    assert f'"control_id": "{tap.control_id}"' in stopped


def test_nonsense_is_answered_with_a_sentence() -> None:
    said = swaig_test(
        "--call-id", "call-1", "--exec", "start_monitoring", "--direction", "sideways"
    )
    assert "direction is speak, listen or both" in said
    assert not Call.objects.exists()
