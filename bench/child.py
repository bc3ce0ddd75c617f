"""Child: a process of the benchmark's own that works until it is ended, such as a sender."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.testbed import ROOT, end_with_parent

ENDS_WITHIN = 5.0  # seconds


class Child:
    """Runs ``python -m <module>`` with a plan as its input, on the cores of this process."""

    def __init__(self, module: str, plan: str, directory: Path) -> None:
        self._module = module
        self._plan = directory / f"{module}.json"
        self._plan.write_text(plan)
        self._said = directory / f"{module}.log"

    def __enter__(self) -> Child:
        with self._plan.open("rb") as plan, self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                cwd=ROOT,
                stdin=plan,
                stdout=said,
                preexec_fn=end_with_parent,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(ENDS_WITHIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """Return all that it has written by now."""
        return self._said.read_text()

    def said(self) -> dict[str, Any]:
        """Return what it has told by now, in lines of JSON."""
        told: dict[str, Any] = {}
        for line in self.log().splitlines():
            if line.startswith("{"):
                told |= json.loads(line)
        return told
