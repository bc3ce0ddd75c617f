"""Cursors: how far each stream was read, and the XREAD that asks for the next entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from monitor.bus.connection import bulk


class _Lane:
    """The streams of one lane: what one XREAD may name together."""

    __slots__ = ("ids", "keys")

    def __init__(self) -> None:
        self.keys: dict[str, bytes] = {}  # both packed, and in the same order
        self.ids: dict[str, bytes] = {}


class Cursors:
    """Holds the last id read of each stream that is subscribed to.

    Keys and ids are kept packed. Of a hundred streams only a few have moved since the last
    XREAD, and packing them all again took a third of the reader's time.
    """

    def __init__(self, lane_of: Callable[[str], int]) -> None:
        self._lane_of = lane_of
        self._last: dict[str, bytes] = {}
        self._lanes: dict[int, _Lane] = {}
        self._lane: dict[str, _Lane] = {}  # of each stream
        self._fresh: set[str] = set()  # streams begun since the last command for their lane

    def __contains__(self, key: str) -> bool:
        return key in self._last

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    @property
    def lanes(self) -> Iterable[int]:
        """The lanes that have a stream."""
        return self._lanes.keys()

    def of(self, lane: int) -> tuple[str, ...]:
        """Return the streams of a lane."""
        return tuple(self._lanes[lane].keys) if lane in self._lanes else ()

    def last(self, key: str) -> bytes | None:
        """Return the last id that was read of a stream, or None if the stream is not read."""
        return self._last.get(key)

    def begin(self, key: str, after: bytes) -> None:
        """Begin to read a stream after an id, unless the stream is read already."""
        if key not in self._last:
            lane = self._lanes.setdefault(self._lane_of(key), _Lane())
            lane.keys[key] = bulk(key.encode())
            self._fresh.add(key)
            self._lane[key] = lane
            self.move(key, after)

    def is_fresh(self, key: str) -> bool:
        """Tell whether a stream was begun after the last command for its lane was made.

        The answer to that command may then hold entries from before the stream's cursor.
        """
        return key in self._fresh

    def move(self, key: str, last: bytes) -> None:
        """Record that a stream was read up to an id."""
        self._last[key] = last
        self._lane[key].ids[key] = bulk(last)

    def drop(self, key: str) -> None:
        """Stop reading a stream."""
        if self._last.pop(key, None) is None:
            return
        lane = self._lane.pop(key)
        del lane.keys[key], lane.ids[key]
        self._fresh.discard(key)
        if not lane.keys:
            del self._lanes[self._lane_of(key)]

    def command(self, lane: int, count: int, block_ms: int | None) -> bytes:
        """Return the packed XREAD that names every stream of a lane.

        It waits so many milliseconds for an entry, or not at all.
        """
        streams = self._lanes[lane]
        if self._fresh:
            self._fresh.difference_update(streams.keys)
        options = [b"XREAD", b"COUNT", b"%d" % count]
        if block_ms is not None:
            options += [b"BLOCK", b"%d" % block_ms]
        options.append(b"STREAMS")
        words = len(options) + 2 * len(streams.keys)
        head = (b"*%d\r\n" % words, *map(bulk, options))
        return b"".join((*head, *streams.keys.values(), *streams.ids.values()))
