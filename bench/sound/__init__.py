"""The sound table: what a listener hears, measured at the sound device. See docs/benchmarks.md."""

from __future__ import annotations
