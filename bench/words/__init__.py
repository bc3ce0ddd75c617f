"""The words table: what live words cost, and how long they take to the pages."""

from __future__ import annotations
