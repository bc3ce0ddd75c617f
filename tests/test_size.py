"""Every function and module can be read at once, and every list is left to the formatter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.source_shape import (
    FUNCTION_LINES,
    MODULE_LINES,
    ROOT,
    TEST_LINES,
    long_functions,
    long_modules,
    python_files,
    starred_lists,
)


@pytest.mark.parametrize("look", [long_functions, long_modules, starred_lists])
def test_no_file_breaks_the_rule(look: Callable[[str, str], Iterator[str]]) -> None:
    found = [one for path in python_files() for one in look(path, (ROOT / path).read_text())]
    assert found == []


def test_the_files_are_those_of_every_package() -> None:
    assert {path.partition("/")[0] for path in python_files()} == {
        "agents",
        "bench",
        "manage.py",
        "monitor",
        "tests",
    }


def function_of(lines: int, define: str = "def") -> str:
    return f"{define} long():\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize("define", ["def", "async def", "@cache\ndef"])
def test_a_function_with_one_line_too_many_is_named(define: str) -> None:
    assert not list(long_functions("a.py", function_of(FUNCTION_LINES, define)))
    found = list(long_functions("a.py", "import b\n" + function_of(FUNCTION_LINES + 1, define)))
    assert len(found) == 1
    assert found[0].endswith("long has 41 lines, over 40")


def test_a_method_with_one_line_too_many_is_named() -> None:
    indented = function_of(FUNCTION_LINES + 1).replace("\n", "\n    ")
    assert list(long_functions("a.py", f"class A:\n    {indented}\n"))


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("monitor/bus/ring.py", MODULE_LINES),
        ("bench/load.py", MODULE_LINES),
        ("manage.py", MODULE_LINES),
        ("tests/bus/test_ring.py", TEST_LINES),
    ],
)
def test_a_module_with_one_line_too_many_is_named(path: str, limit: int) -> None:
    assert not list(long_modules(path, "pass\n" * limit))
    assert list(long_modules(path, "pass\n" * (limit + 1))) == [
        f"{path} has {limit + 1} lines, over {limit}"
    ]


@pytest.mark.parametrize("source", ['x = [*("a", "b")]', "run(*[1, 2], 3)", "x = {*{1}, 2}"])
def test_an_unpacked_list_of_items_is_named(source: str) -> None:
    assert list(starred_lists("a.py", source)) == ["a.py:1: the items need no star"]


def test_an_unpacked_name_is_not_named() -> None:
    assert not list(starred_lists("a.py", "run(*arguments, *(one for one in arguments))"))
