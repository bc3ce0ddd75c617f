"""Sequence: RTP's sequence numbers, and the arithmetic of numbers that wrap.

Sequence numbers have 16 bits and timestamps 32; the functions are named by the width. Sequence
implements RFC 3550 appendix A.1: it extends the 16-bit numbers, and tells the leap of a sender
that has started again from a stray packet.
"""

from __future__ import annotations

MAX_DROPOUT = 3000  # packets by which a number may be ahead: a minute of 20 ms packets
MAX_MISORDER = 100  # packets by which it may be behind: two seconds


def uint16_add(a: int, b: int) -> int:
    """Return a + b as a sequence number."""
    return (a + b) & 0xFFFF


def uint16_diff(a: int, b: int) -> int:
    """Return how far a is ahead of b, from -2^15 to 2^15 - 1; negative if it is behind."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def uint32_add(a: int, b: int) -> int:
    """Return a + b as a timestamp."""
    return (a + b) & 0xFFFFFFFF


def uint32_diff(a: int, b: int) -> int:
    """Return how far a is ahead of b, from -2^31 to 2^31 - 1; negative if it is behind."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Sequence:
    """Follows the sequence numbers of one source from its first packet on.

    ``next`` is the number that goes out next; all numbers before it have gone out or been
    given up.
    """

    __slots__ = ("_missing", "_resuming", "came", "first", "highest", "next")

    def __init__(self, sequence_number: int) -> None:
        self.first = self.highest = self.next = sequence_number
        self.came: set[int] = set()  # numbers that came before their turn
        self._missing: set[int] = set()  # numbers that were given up and have not come since
        self._resuming = -1  # the number that would confirm a leap

    @property
    def expected(self) -> int:
        """How many packets should have come: RFC 3550 appendix A.3."""
        return self.highest - self.first + 1

    def extend(self, sequence_number: int) -> int | None:
        """Return the number without its wrap, or None if it leaps too far to belong here."""
        ahead = uint16_diff(sequence_number, self.highest)
        if 0 < ahead < MAX_DROPOUT:
            self.highest += ahead
            return self.highest
        if -MAX_MISORDER < ahead <= 0:
            return self.highest + ahead
        return None

    def resumes(self, sequence_number: int) -> bool:
        """Tell whether a number that leaps follows another that did: then the sender has started
        again."""
        confirmed = sequence_number == self._resuming
        self._resuming = uint16_add(sequence_number, 1)
        return confirmed

    def is_duplicate(self, number: int) -> bool:
        """Tell whether a number has come before, and remember that it has come now."""
        if number >= self.next:
            duplicate = number in self.came
            self.came.add(number)
            return duplicate
        if number < self.first:  # the packet that came first had overtaken it
            self._missing.update(range(number + 1, self.first))
            self.first = number
            return False
        duplicate = number not in self._missing
        self._missing.discard(number)
        return duplicate

    def is_whole(self, number: int) -> bool:
        """Tell whether all numbers from ``next`` to the one before ``number`` have come."""
        return all(one in self.came for one in range(self.next, number))

    def skip_to(self, number: int) -> None:
        """Make a number the next one; give up those before it that have not come."""
        oldest = self.highest - MAX_MISORDER  # an older number would be a leap
        passed = range(max(self.next, oldest), number)
        self._missing.update(one for one in passed if one not in self.came)
        self._missing = {one for one in self._missing if one > oldest}
        self.came = {one for one in self.came if one >= number}
        self.next = number

    def finish(self, number: int) -> None:
        """Let a number go out, and give up those before it that have not come."""
        if number != self.next:
            self.skip_to(number)
        self.came.discard(number)
        self.next = number + 1
