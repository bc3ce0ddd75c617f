"""How far each stream was read, and the XREAD that asks for what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from .link import bulk


class Cursors:
    """The last id read of each stream that is wanted.

    Keys and ids are kept as Redis wants them: of a hundred streams a few have moved
    since the last XREAD, and to pack them all anew took a third of the reading.
    """

    def __init__(self) -> None:
        self._last: dict[str, bytes] = {}
        self._keys: dict[str, bytes] = {}  # both packed, and in the same order
        self._ids: dict[str, bytes] = {}
        self._fresh: set[str] = set()  # begun since the last command

    def __contains__(self, key: str) -> bool:
        return key in self._last

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def last(self, key: str) -> bytes | None:
        """The last id read of a stream; None if nobody wants it."""
        return self._last.get(key)

    def begin(self, key: str, after: bytes) -> None:
        """Read a stream behind an id, unless it is read already."""
        if key not in self._last:
            self._keys[key] = bulk(key.encode())
            self._fresh.add(key)
            self.move(key, after)

    def is_fresh(self, key: str) -> bool:
        """Was it begun since the last command, whose answer may then begin too early?"""
        return key in self._fresh

    def move(self, key: str, last: bytes) -> None:
        """A stream that is read was read up to an id."""
        self._last[key] = last
        self._ids[key] = bulk(last)

    def drop(self, key: str) -> None:
        """Read a stream no more."""
        for known in (self._last, self._keys, self._ids):
            known.pop(key, None)
        self._fresh.discard(key)

    def command(self, count: int, block_ms: int) -> bytes:
        """XREAD of all streams, packed."""
        self._fresh.clear()
        options = (b"XREAD", b"COUNT", b"%d" % count, b"BLOCK", b"%d" % block_ms, b"STREAMS")
        words = len(options) + 2 * len(self._last)
        head = (b"*%d\r\n" % words, *map(bulk, options))
        return b"".join((*head, *self._keys.values(), *self._ids.values()))
