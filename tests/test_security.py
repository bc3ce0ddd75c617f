"""docs/security.md names tests that exist, for every promise."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(test_\w+)`")


def missing(page: str) -> list[str]:
    """Return the tests that a page names and that are not there. A name without a file is in the
    file that was named last."""
    path, found = "", []
    for given, name in NAMED.findall(page):
        path = given or path
        source = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
        if not re.search(rf"def {name}\(", source):
            found.append(f"{path}::{name}")
    return found


def promises() -> list[str]:
    """Return the rows of the table of promises."""
    table = PAGE.partition("## What is promised")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][1:]


def test_every_test_that_is_named_exists() -> None:
    assert missing(PAGE) == []


def test_every_promise_names_a_test() -> None:
    assert len(promises()) > 20
    assert [row for row in promises() if not NAMED.search(row)] == []


def test_a_test_that_is_not_there_is_found() -> None:
    page = "`tests/test_security.py::test_nothing` `::test_every_promise_names_a_test`"
    assert missing(page) == ["tests/test_security.py::test_nothing"]
