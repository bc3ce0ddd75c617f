"""Cursors: how far each stream was read, and the XREAD that asks for the next entries."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.bus.connection import bulk


class Cursors:
    """Holds the last id read of each stream that is subscribed to.

    Keys and ids are kept packed. Of a hundred streams only a few have moved since the last
    XREAD, and packing them all again took a third of the reader's time.
    """

    def __init__(self) -> None:
        self._last: dict[str, bytes] = {}
        self._keys: dict[str, bytes] = {}  # both packed, and in the same order
        self._ids: dict[str, bytes] = {}
        self._fresh: set[str] = set()  # streams begun since the last command

    def __contains__(self, key: str) -> bool:
        return key in self._last

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def last(self, key: str) -> bytes | None:
        """Return the last id that was read of a stream, or None if the stream is not read."""
        return self._last.get(key)

    def begin(self, key: str, after: bytes) -> None:
        """Begin to read a stream after an id, unless the stream is read already."""
        if key not in self._last:
            self._keys[key] = bulk(key.encode())
            self._fresh.add(key)
            self.move(key, after)

    def is_fresh(self, key: str) -> bool:
        """Tell whether a stream was begun after the last command was made.

        The answer to that command may then hold entries from before the stream's cursor.
        """
        return key in self._fresh

    def move(self, key: str, last: bytes) -> None:
        """Record that a stream was read up to an id."""
        self._last[key] = last
        self._ids[key] = bulk(last)

    def drop(self, key: str) -> None:
        """Stop reading a stream."""
        for known in (self._last, self._keys, self._ids):
            known.pop(key, None)
        self._fresh.discard(key)

    def command(self, count: int, block_ms: int) -> bytes:
        """Return the packed XREAD that names every stream."""
        self._fresh.clear()
        options = (b"XREAD", b"COUNT", b"%d" % count, b"BLOCK", b"%d" % block_ms, b"STREAMS")
        words = len(options) + 2 * len(self._last)
        head = (b"*%d\r\n" % words, *map(bulk, options))
        return b"".join((*head, *self._keys.values(), *self._ids.values()))
