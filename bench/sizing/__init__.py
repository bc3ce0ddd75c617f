"""The sizing model: what a floor of any size needs. See docs/operations.md, *Sizing*."""

from __future__ import annotations
