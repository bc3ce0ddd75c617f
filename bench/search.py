"""Measures how soon the history answers a search by words: ``python -m bench.search``.

DATABASE_URL names an empty database, of SQLite or PostgreSQL. It is filled with calls of 40 lines
each, whose words are as frequent as in a language: the n-th word has a share of about 1/n. Some
words are planted into a known share of the calls. Then the first page of the list is asked for, as
a supervisor does it, but without a network.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

LINES = 40  # of a call
WORDS = 20_000  # of the vocabulary
LENGTHS = (3, 18)  # words of a line, at least and at most
POOL = 100_000  # lines, of which each call has some
BATCH = 2_000  # calls that are written at once
TIMES = 9  # that each page is asked for, after one that warms up
SYLLABLES = [c + v for c in "bcdfghjklmnprstvwz" for v in "aeiou"]

#: Words, and the share of the calls that have each.
PLANTED = {"refund": 0.5, "invoice": 0.3, "voucher": 0.01, "platypus": 0.0001}
#: Words of which each is in half of the calls, and never both in one.
APART = ("monday", "sunday")
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"said": "refund"},
    {"said": "refun"},
    {"said": "invoice"},
    {"said": "voucher"},
    {"said": "platypus"},
    {"said": "refund invoice"},
    {"said": "voucher invoice"},
    {"said": "refund platypus"},
    {"said": "monday sunday"},
    {"said": '"refund please"'},
    {"said": "nowhere"},
    {"tool": "book_table"},
    {"errors": "yes"},
    {"interruptions": "yes", "ended_by": "caller"},
    {"said": "refund", "errors": "yes", "tool": "transfer"},
)

Lines = list[list[object]]
Row = tuple[Any, ...]


def vocabulary(chance: random.Random) -> list[str]:
    """Return words of two to four syllables, none of them twice."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


def calls(count: int, chance: random.Random) -> Iterator[Lines]:
    """Yield the lines of each call: time, side and text."""
    words = vocabulary(chance)
    shares = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
    drawn = iter(chance.choices(words, cum_weights=shares, k=POOL * LENGTHS[1]))
    pool = [
        " ".join(itertools.islice(drawn, chance.randint(*LENGTHS))).capitalize() + "."
        for _ in range(POOL)
    ]
    for number in range(count):
        said = chance.choices(pool, k=LINES)
        planted = [word for word, share in PLANTED.items() if chance.random() < share]
        for word in (*planted, APART[number % 2]):
            said[chance.randrange(LINES)] += f" {word.capitalize()} please."
        begins = 1_700_000_000_000 + number * 60_000
        yield [
            [begins + 4000 * place, ("agent", "caller")[place % 2], text]
            for place, text in enumerate(said)
        ]


def fill(count: int) -> None:
    """Write the calls, as COPY does it where there is COPY."""
    from django.db import connection, transaction

    index = _without_index()
    made = calls(count, random.Random(1))
    for first in range(1, count + 1, BATCH):
        batch = list(enumerate(itertools.islice(made, min(BATCH, count + 1 - first)), first))
        with transaction.atomic():
            for table, (columns, row_of) in TABLES.items():
                _write(table, columns, [row_of(number, lines) for number, lines in batch])
        print(f"\r{first + len(batch) - 1} calls", end="", file=sys.stderr)
    print(file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute(index)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _call(number: int, lines: Lines) -> Row:
    began = datetime.datetime.fromtimestamp(int(str(lines[0][0])) / 1000, datetime.UTC)
    return number, f"call-{number}", f"agent-{number % 7}", f"+1555{number:07}", "", "", began


def _report(number: int, lines: Lines) -> Row:
    """Return figures with errors in 2 % of the calls, and interruptions in a quarter."""
    by = ("caller", "assistant", "assistant")[number % 3]
    return number, by, len(lines), int(number % 4 == 0), int(number % 50 == 0), 1 + number % 15


def _tool(number: int, _lines: Lines) -> Row:
    return number, TOOLS[number % len(TOOLS)], 1, 0


def _words(number: int, lines: Lines) -> Row:
    return number, json.dumps(lines), " ".join(indexed(str(line[2])) for line in lines)


@functools.cache
def indexed(text: str) -> str:
    from monitor.services import word_search

    return word_search.indexed([text])


TOOLS = ("look_up_order", "look_up_order", "book_table", "transfer", "send_text")
CALL = ("id", "call_id", "agent", "caller", "caller_name", "project_id", "created_at")
REPORT = ("call_id", "ended_by", "turns", "interruptions", "errors", "minutes")
TABLES: dict[str, tuple[tuple[str, ...], Callable[[int, Lines], Row]]] = {
    "monitor_call": (CALL, _call),
    "monitor_callreport": (REPORT, _report),
    "monitor_calltool": (("call_id", "name", "uses", "failures"), _tool),
    "monitor_callwords": (("call_id", "lines", "text"), _words),
}


def _without_index() -> str:
    """Drop PostgreSQL's index, which is made sooner at the end; return what makes it."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return "SELECT 1"
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'words_of_calls'")
        (made_by,) = cursor.fetchone()
        cursor.execute("DROP INDEX words_of_calls")
    return str(made_by)


def _write(table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    from django.db import connection

    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


def measure() -> None:
    """Print, for each search, how many calls it finds, and how long its first page takes."""
    from django.contrib.auth.models import User
    from django.test import Client

    user, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    print("| asked for | calls found | first page, median | slowest |\n|---|---|---|---|")
    for query in QUERIES:
        spent = []
        for _ in range(TIMES + 1):
            began = time.perf_counter()
            page = client.get("/admin/monitor/call/", query)
            spent.append((time.perf_counter() - began) * 1000)
        found = page.context["cl"].result_count
        rest = spent[1:]
        median, slowest = statistics.median(rest), max(rest)
        asked = ", ".join(f"{name} `{value}`" for name, value in query.items()) or "all"
        print(f"| {asked} | {found:,} | {median:.0f} ms | {slowest:.0f} ms |")


def main() -> None:
    """Fill the database if it is empty, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--fill-only", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from monitor.models import CallWords

    setup_test_environment()  # so that a page says how many calls it lists
    call_command("migrate", verbosity=0)
    if not CallWords.objects.exists():
        fill(arguments.calls)
    if not arguments.fill_only:
        measure()


if __name__ == "__main__":
    main()
