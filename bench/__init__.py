"""The benchmark measures what Earshot costs, beside two baselines. See docs/benchmarks.md."""

from __future__ import annotations
