"""Finds what is too long to be read at once, and what keeps the formatter from its work."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTION_LINES = 40  # from "def" to the last statement: decorators often hold a test's cases
MODULE_LINES = 300
TEST_LINES = 500


def python_files() -> list[str]:
    """Return the paths of all Python files that git knows, from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split("\0") if path and (ROOT / path).exists()]


def long_functions(path: str, source: str) -> Iterator[str]:
    """Name each function with too many lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, over {FUNCTION_LINES}"


def long_modules(path: str, source: str) -> Iterator[str]:
    """Name the module if it has too many lines."""
    limit = TEST_LINES if path.startswith("tests/") else MODULE_LINES
    lines = len(source.splitlines())
    if lines > limit:
        yield f"{path} has {lines} lines, over {limit}"


def starred_lists(path: str, source: str) -> Iterator[str]:
    """Name each list that is written out and unpacked where it stands.

    It says the same as its items, and only keeps the formatter from writing one a line.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple | ast.List | ast.Set):
            yield f"{path}:{node.lineno}: the items need no star"
