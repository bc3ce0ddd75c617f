"""What Earshot costs, measured from outside beside two baselines. See docs/benchmarks.md."""

from __future__ import annotations
