"""Finds what was done to a ledger: entries that were edited, removed, moved or cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.models import LedgerEntry, LedgerKind
from monitor.services.ledger import tips_in
from monitor.services.ledger_chain import FIELDS, Tip, mac_of

CHUNK = 5_000  # rows that are fetched at once
NUMBER, KIND = FIELDS.index("number"), FIELDS.index("kind")
DETAILS, MAC = FIELDS.index("details"), len(FIELDS)


@dataclass(frozen=True, slots=True)
class Checked:
    """A chain up to its end, or up to its first fault."""

    tip: Tip
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """That a chain has, or had, an entry; ``by`` says who knows."""

    tip: Tip
    by: str


class LedgerCheck:
    """One check of all chains. ``keys`` are tried in turn: a chain has the key of its time."""

    def __init__(self, keys: Sequence[bytes], tips: Iterable[Tip] = ()) -> None:
        self._keys = keys
        self._known: dict[str, Known] = {}  # of each chain, the newest entry that is known of
        for tip in tips:
            self._learn(Known(tip, "the tip that was given"))

    def run(self) -> Iterator[Checked]:
        """Yield every chain that is there, or should be, in the order of their names."""
        checked = [self._follow(chain) for chain in _chains()]
        found = {one.tip.chain: one if one.fault else self._compared(one) for one in checked}
        for chain, known in self._known.items():
            if chain not in found and not LedgerEntry.objects.filter(chain=chain).exists():
                fault = f"the chain is missing: {known.by} knows of {known.tip.number} entries"
                found[chain] = Checked(Tip(chain), fault)
        yield from (found[chain] for chain in sorted(found))

    def _follow(self, chain: str) -> Checked:
        """Check each entry of a chain against the one before."""
        tip, key = Tip(chain), b""
        for values in _rows(chain):
            number = values[NUMBER]
            if number != tip.number + 1:
                return Checked(tip, f"{_entries(tip.number + 1, number - 1)} missing")
            key = key or self._key_of(values)
            if mac_of(key, tip.mac, values[:MAC]) != values[MAC]:
                return Checked(tip, _what_happened(key, values))
            tip = Tip(chain, number, values[MAC])
            if values[KIND] == LedgerKind.TIPS:
                for told in tips_in(values[DETAILS]):
                    self._learn(Known(told, f"entry {number} of {chain}"))
        return Checked(tip)

    def _key_of(self, first: Sequence[Any]) -> bytes:
        fitting = (one for one in self._keys if mac_of(one, "", first[:MAC]) == first[MAC])
        return next(fitting, self._keys[0])

    def _learn(self, known: Known) -> None:
        before = self._known.get(known.tip.chain)
        if before is None or before.tip.number < known.tip.number:
            self._known[known.tip.chain] = known

    def _compared(self, checked: Checked) -> Checked:
        """Compare a chain without a fault in itself with the newest entry that is known of.

        That one is looked for now: a server may have written it since the chain was followed.
        """
        known = self._known.get(checked.tip.chain)
        if known is None:
            return checked
        row = LedgerEntry.objects.filter(chain=known.tip.chain, number=known.tip.number).first()
        if row is None:
            missing = _entries(checked.tip.number + 1, known.tip.number)
            return Checked(checked.tip, f"{missing} cut off: {known.by} knows of them")
        if not row.mac.startswith(known.tip.mac):
            fault = f"entry {row.number} is another one than {known.by} knows of"
            return Checked(checked.tip, fault)
        return checked


def _chains() -> list[str]:
    named = LedgerEntry.objects.order_by("chain").values_list("chain", flat=True)
    return list(named.distinct())


def _rows(chain: str) -> Iterator[tuple[Any, ...]]:
    """Yield the entries of a chain in order: the values of FIELDS, and the MAC."""
    rows = LedgerEntry.objects.filter(chain=chain).order_by("number")
    return rows.values_list(*FIELDS, "mac").iterator(chunk_size=CHUNK)


def _what_happened(key: bytes, values: Sequence[Any]) -> str:
    """Tell why an entry's MAC is wrong: it was moved, if the MAC is right at another place."""
    number = values[NUMBER]
    for _, place, *_, before in _rows(values[0]):
        for there in (place, place + 1):
            moved = (*values[:NUMBER], there, *values[NUMBER + 1 : MAC])
            if mac_of(key, before, moved) == values[MAC]:
                return f"entry {number} was moved: it was written as entry {there}"
    return f"entry {number} was edited"


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
