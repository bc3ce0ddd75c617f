"""The storm of joins: all pages of a floor come back at the same moment. See docs/benchmarks.md."""

from __future__ import annotations
