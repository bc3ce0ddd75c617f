"""Numbers that wrap: RTP's 16-bit sequence number and 32-bit timestamp.

The arithmetic is named for its width. ``Sequence`` is RFC 3550 appendix A.1:
16-bit numbers made whole, and leaps that mean a new run told from strays.
"""

from __future__ import annotations

MAX_DROPOUT = 3000  # packets a number may be ahead: a minute of 20 ms
MAX_MISORDER = 100  # packets it may be behind: two seconds


def uint16_add(a: int, b: int) -> int:
    """a + b as a sequence number."""
    return (a + b) & 0xFFFF


def uint16_diff(a: int, b: int) -> int:
    """How far a is ahead of b, -2^15 … 2^15 - 1: negative where it is behind."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def uint32_add(a: int, b: int) -> int:
    """a + b as a timestamp."""
    return (a + b) & 0xFFFFFFFF


def uint32_diff(a: int, b: int) -> int:
    """How far a is ahead of b, -2^31 … 2^31 - 1: negative where it is behind."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Sequence:
    """The sequence numbers of one source, from its first packet on.

    ``next`` is the number that is to go out; those before it are dealt with.
    """

    __slots__ = ("_missing", "_resuming", "came", "first", "highest", "next")

    def __init__(self, sequence_number: int) -> None:
        self.first = self.highest = self.next = sequence_number
        self.came: set[int] = set()  # numbers that came before their turn
        self._missing: set[int] = set()  # numbers given up, and not seen since
        self._resuming = -1  # the number that would confirm a leap

    @property
    def expected(self) -> int:
        """How many packets there should be: RFC 3550 appendix A.3."""
        return self.highest - self.first + 1

    def extend(self, sequence_number: int) -> int | None:
        """The number without its wrap; None where it leaps too far to belong here."""
        ahead = uint16_diff(sequence_number, self.highest)
        if 0 < ahead < MAX_DROPOUT:
            self.highest += ahead
            return self.highest
        if -MAX_MISORDER < ahead <= 0:
            return self.highest + ahead
        return None

    def resumes(self, sequence_number: int) -> bool:
        """Whether a number that leaps follows another: then the sender began anew."""
        confirmed = sequence_number == self._resuming
        self._resuming = uint16_add(sequence_number, 1)
        return confirmed

    def is_duplicate(self, number: int) -> bool:
        """Whether a number came before; if not, it counts as come from now on."""
        if number >= self.next:
            duplicate = number in self.came
            self.came.add(number)
            return duplicate
        if number < self.first:  # overtaken by the packet that began it all
            self._missing.update(range(number + 1, self.first))
            self.first = number
            return False
        duplicate = number not in self._missing
        self._missing.discard(number)
        return duplicate

    def is_whole(self, number: int) -> bool:
        """Whether all numbers before one came."""
        return all(one in self.came for one in range(self.next, number))

    def skip_to(self, number: int) -> None:
        """Be done with the numbers before one; those that did not come are given up."""
        oldest = self.highest - MAX_MISORDER  # what is older would be a leap
        passed = range(max(self.next, oldest), number)
        self._missing.update(one for one in passed if one not in self.came)
        self._missing = {one for one in self._missing if one > oldest}
        self.came = {one for one in self.came if one >= number}
        self.next = number

    def finish(self, number: int) -> None:
        """Be done with a number and all before it."""
        if number != self.next:
            self.skip_to(number)
        self.came.discard(number)
        self.next = number + 1
