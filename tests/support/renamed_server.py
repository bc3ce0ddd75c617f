"""Servers under which packages lack names."""

from __future__ import annotations

from typing import Any

from tests.support.servers import Server


class Renamed(Server):
    """A server under which ``names`` of ``packages`` have become others; both are separated
    by commas."""

    def __init__(self, kind: str, packages: str, names: str, *arguments: str, **env: Any) -> None:
        super().__init__(kind, *arguments, **env)
        self._renamed = (packages, names)

    def _command(self) -> list[str]:
        _, module, *arguments = super()._command()
        return ["-m", "tests.support.renamed", *self._renamed, module, *arguments]
