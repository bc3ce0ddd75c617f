"""``manage.py verifyledger``: find what was done to the listening ledger."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.services.ledger_chain import Tip, key
from monitor.services.ledger_check import LedgerCheck
from monitor.services.ledger_tips import NotSigned, read_tips


class Command(BaseCommand):
    """Prints a line for each chain: its entries and its newest MAC, or its first fault."""

    help = "Check the listening ledger, and name every chain whose entries are not all as written."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--key-file",
            action="append",
            type=Path,
            default=[],
            help="a file with another LEDGER_KEY, for chains of the time before it was changed",
        )
        parser.add_argument(
            "--tip",
            action="append",
            type=_tip,
            default=[],
            metavar="CHAIN:NUMBER[:MAC]",
            help="an entry that must be there: the log has them",
        )
        parser.add_argument(
            "--tips-file",
            action="append",
            type=Path,
            default=[],
            help="a file that ledgertips has printed: its entries must be there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keys = [key(), *(_text(path).strip().encode() for path in options["key_file"])]
        tips = [*options["tip"], *_kept(options["tips_file"], keys)]
        entries = faults = 0
        for one in LedgerCheck(keys, tips).run():
            if one.fault:
                faults += 1
                self.stdout.write(f"{one.tip.chain}: {one.fault}")
            else:
                self.stdout.write(f"{one.tip.chain}:{one.tip.number}:{one.tip.mac}")
            entries += one.tip.number
        self.stdout.write(f"{entries} entries are as they were written")
        if faults:
            raise CommandError(f"the ledger was tampered with: chains with a fault: {faults}")


def _kept(paths: Iterable[Path], keys: Sequence[bytes]) -> Iterator[Tip]:
    """Yield the tips of files that ``ledgertips`` has printed."""
    for path in paths:
        try:
            yield from read_tips(_text(path), keys)
        except NotSigned as error:
            raise CommandError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from None


def _tip(text: str) -> Tip:
    chain, _, rest = text.partition(":")
    number, _, mac = rest.partition(":")
    if not (chain and number.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not CHAIN:NUMBER or CHAIN:NUMBER:MAC")
    return Tip(chain, int(number), mac)
