"""The baselines do the same work in the two most obvious ways."""

from __future__ import annotations
