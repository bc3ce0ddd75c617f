"""What the same work costs when it is done in the two most obvious ways."""

from __future__ import annotations
