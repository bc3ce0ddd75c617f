"""Keys that encrypt numbers and words, for tests."""

from __future__ import annotations

OLD, NEW = b"o" * 32, b"n" * 32
NONE = b""  # as "none" in ENCRYPTION_KEYS
