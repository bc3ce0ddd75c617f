"""Finds card numbers that are spread over what somebody says in several turns.

"Four one one one." – "Go on." – "One one one one." … Each turn alone has no card number in it.
In a turn of such a number there are few other words, and other turns may come in between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from monitor.wire.card_numbers import (
    FILLERS,
    FIRST_DIGITS,
    LENGTHS,
    REMOVED,
    chains,
    is_card_number,
)
from monitor.wire.number_words import PART, Part

PAUSE = 30.0  # seconds between two turns of a number, at most
MAX_ASIDE = 4  # words of a turn, fillers aside, before a piece of a number, or after it
#: Turns with so few digits may be no part of the number: "Just one second."
FEW_DIGITS = 2
MAX_PASSED = 2
#: A number that is longer is whole, and no piece of another one.
MAX_PIECE = 15  # digits
#: What may follow a number without a word: when the card expires, and its code.
MAX_AFTER = 8  # digits
TOO_LONG = LENGTHS.stop
#: Digits between the first turn of a number and the last, at most, with those that are passed.
MAX_BETWEEN = TOO_LONG + MAX_PASSED * FEW_DIGITS
#: What stands before digits within an identifier such as 550e8400-e29b-41d4, and before those of a
#: phone number after its country.
GLUED = re.compile(r"(\w[-_/]|\+\d{1,3}[\s().-]*)\Z")


class Piece(NamedTuple):
    """A piece of a number: in which turn it is, and from where to where."""

    turn: int
    start: int
    end: int


class Found(NamedTuple):
    """A card number over two turns or more."""

    digits: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Turn:
    """What is said without a break, and when, in seconds of any clock."""

    text: str
    at: float

    @cached_property
    def chains(self) -> list[list[Part]]:
        return list(chains(self.text))

    @cached_property
    def beginnings(self) -> list[list[Part]]:
        """The chains with which a number may go on that began in a turn before."""
        return [
            chain
            for chain in self.chains
            if _may_be_piece(self.text, chain) and _words(self.text[: chain[0].start]) <= MAX_ASIDE
        ]

    @cached_property
    def open_end(self) -> list[Part]:
        """The chain with which a number may go on in a later turn, or none."""
        last = self.chains[-1] if self.chains else []
        return last if last and _may_be_piece(self.text, last) and self.ends_with(last[-1]) else []

    def ends_with(self, part: Part) -> bool:
        """Return whether little is said after a part of a number."""
        return _words(self.text[part.end :]) <= MAX_ASIDE

    @property
    def may_be_part(self) -> bool:
        """Return whether a number over several turns may have a piece in this one."""
        return bool(self.beginnings or self.open_end)

    @property
    def may_be_between(self) -> bool:
        """Return whether a number that has begun in a turn before may go on in a later one."""
        return self.may_be_passed or self.open_end in self.beginnings

    @cached_property
    def may_be_passed(self) -> bool:
        return sum(map(_length, self.chains)) <= FEW_DIGITS


def find(turns: Sequence[Turn]) -> Iterator[Found]:
    """Yield the card numbers over the turns of one person, which are in their order."""
    for index, turn in enumerate(turns):
        parts = turn.open_end
        digits = "".join(part.digits for part in parts)
        is_piece = len(digits) > FEW_DIGITS or parts in turn.beginnings
        if is_piece and digits[0] in FIRST_DIGITS:
            piece = Piece(index, parts[0].start, parts[-1].end)
            yield from _longer(turns, Found(digits, (piece,)), MAX_PASSED)


def find_completed(turns: Sequence[Turn], new: Iterable[int]) -> Iterator[Found]:
    """Yield the card numbers that have a piece in one of the new turns, and perhaps others.

    Only the turns over which such a number may go are read. However long the talk is, they are few.
    """
    for reach in _joined(_reach(turns, index) for index in new):
        for found in find(turns[reach.start : reach.stop]):
            pieces = (piece._replace(turn=piece.turn + reach.start) for piece in found.pieces)
            yield Found(found.digits, tuple(pieces))


def _reach(turns: Sequence[Turn], index: int) -> range:
    """Return the turns over which a number may go that has a piece in one of them."""
    turn, first, last = turns[index], index, index
    if turn.beginnings:
        first = _end(turns, range(index, -1, -1), lambda before: bool(before.open_end))
    if turn.open_end:
        last = _end(turns, range(index, len(turns)), lambda after: bool(after.beginnings))
    return range(first, last + 1)


def _end(turns: Sequence[Turn], places: range, may_join: Callable[[Turn], bool]) -> int:
    """Return how far a number may go, from place to place, that has a piece in the first of them.

    ``may_join`` says of the turn at another one whether it may have the next piece.
    """
    end = joined = places.start
    passes = MAX_PASSED
    between = 0  # digits
    for place in places[1:]:
        turn = turns[place]
        if abs(turn.at - turns[joined].at) > PAUSE or between >= MAX_BETWEEN:
            break
        if not turn.chains:
            continue
        if may_join(turn):
            end = joined = place
        elif not passes:
            break
        else:
            passes -= 1
        if not turn.may_be_between:
            break
        between += _length(turn.open_end)
    return end


def _joined(ranges: Iterable[range]) -> list[range]:
    """Return the ranges, of which those that overlap are one."""
    joined: list[range] = []
    for one in sorted(ranges, key=lambda one: one.start):
        if joined and one.start < joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, one.stop))
        else:
            joined.append(one)
    return joined


def _longer(turns: Sequence[Turn], begun: Found, passes: int) -> Iterator[Found]:
    """Yield what a number that has begun comes to with the turns after it."""
    last = begun.pieces[-1].turn
    for index in range(last + 1, len(turns)):
        turn = turns[index]
        if turn.at - turns[last].at > PAUSE:
            return
        if not turn.chains:
            continue
        for chain in turn.beginnings:
            yield from _through(turns, begun, index, chain, passes)
        if not passes or not turn.may_be_passed:
            return
        passes -= 1


def _through(
    turns: Sequence[Turn], begun: Found, index: int, chain: list[Part], passes: int
) -> Iterator[Found]:
    """Yield the numbers that end in a chain, and those that go on after it."""
    turn, digits = turns[index], begun.digits
    for part in chain:
        digits += part.digits
        if len(digits) >= TOO_LONG:
            return
        longer = Found(digits, (*begun.pieces, Piece(index, chain[0].start, part.end)))
        if len(digits) in LENGTHS and is_card_number(digits):
            added = len(digits) - len(begun.digits)
            is_little_after = _length(chain) - added <= MAX_AFTER
            if is_little_after and (added > FEW_DIGITS or turn.ends_with(part)):
                yield longer
    if chain is turn.open_end:
        yield from _longer(turns, longer, passes)


def without_pieces(text: str, pieces: Sequence[Piece]) -> str:
    """Return a turn's text with ``••••`` in the place of these pieces of it."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted({(piece.start, piece.end) for piece in pieces}):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    for start, end in reversed(merged):
        text = text[:start] + REMOVED + text[end:]
    return text


def without_numbers(text: str) -> str:
    """Return the text without any number in it."""
    runs = chains(text)
    return without_pieces(text, [Piece(0, run[0].start, run[-1].end) for run in runs])


def without_echoes(text: str, cards: Sequence[str], shortest: int) -> str:
    """Return the text without what repeats so many digits or more of one of these card numbers."""
    pieces = [
        Piece(0, run[0].start, run[-1].end)
        for chain in chains(text)
        for run in _echoes(chain, cards, shortest)
    ]
    return without_pieces(text, pieces)


def _echoes(chain: list[Part], cards: Sequence[str], shortest: int) -> Iterator[list[Part]]:
    """Yield the longest runs of a chain that are in a card number."""
    first = 0
    while first < len(chain):
        for last in range(len(chain), first, -1):
            digits = "".join(part.digits for part in chain[first:last])
            if len(digits) >= shortest and any(digits in card for card in cards):
                yield chain[first:last]
                first = last - 1
                break
        first += 1


def _may_be_piece(text: str, chain: list[Part]) -> bool:
    is_short = _length(chain) <= MAX_PIECE
    return is_short and not GLUED.search(text[max(0, chain[0].start - 8) : chain[0].start])


def _length(chain: list[Part]) -> int:
    return sum(len(part.digits) for part in chain)


def _words(text: str) -> int:
    """Return how many words a text has that are not said within numbers."""
    return sum(word.lower() not in FILLERS for word in re.findall(PART, text))
