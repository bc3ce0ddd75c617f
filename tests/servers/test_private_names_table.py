"""The table of private names is complete, and the installed packages have them all."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from monitor.wire import private_names
from monitor.wire.private_names import PrivateNames

TABLES = [
    private_names.DAPHNE,
    private_names.UVICORN,
    private_names.UVICORN_HTTP,
    private_names.REDIS,
]
ENTRIES = [entry for table in TABLES for entry in table]
NAMED = {name for entry in ENTRIES for name in entry.names}
#: Everything that these modules import from these packages is scanned.
SCANNED = ["monitor/servers/*.py", "monitor/wire/*.py", "monitor/bus/connection.py"]
PACKAGES = {"autobahn", "daphne", "hiredis", "redis", "twisted", "uvicorn", "websockets"}
#: What the packages' documentation names, and the configuration that uvicorn's own choice is in.
DOCUMENTED = {
    "autobahn": "onClose onOpen sendMessage",
    "daphne": "Server run server",
    "django": "TRUSTED_PROXIES",
    "hiredis": "Reader feed gets",
    "options": "access_log proxy_headers",
    "redis": "connect disconnect read_response send_packed_command",
    "twisted": "addCallback addSystemEventTrigger asFuture buildProtocol connectionLost "
    "connectionMade dataReceived errback factory fromFuture pauseProducing protocol "
    "registerProducer resumeProducing stopListening transport unregisterProducer write Connection "
    "Deferred",
    "uvicorn": "Config load http_protocol_class ws_protocol_class ws_max_size",
    "websockets": "OPEN code data_to_send fail reason reject serialize state",
}


def modules() -> Iterator[ast.Module]:
    """Yield the modules that hold objects of other packages."""
    base = Path(settings.BASE_DIR)
    for path in sorted(path for pattern in SCANNED for path in base.glob(pattern)):
        tree = ast.parse(path.read_text())
        if not PACKAGES.isdisjoint(name.partition(".")[0] for name in imported(tree)):
            yield tree


def imported(tree: ast.AST) -> set[str]:
    """Return the names of the modules that the code imports, and of what it imports from them."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def used(tree: ast.AST) -> set[str]:
    """Return the names of all attributes that the code reads, sets or calls."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def members(tree: ast.AST) -> set[str]:
    """Return the names of the code's functions and classes, and of what its objects are given."""
    return set().union(*map(_member, ast.walk(tree)))


def _member(node: ast.AST) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return {node.name}
        case ast.ClassDef():
            return {node.name, *_assigned(node.body)}
        case ast.Module():
            return _assigned(node.body)
        case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
            return {name}
    return set()


def _assigned(body: list[ast.stmt]) -> set[str]:
    stored = [
        node
        for one in body
        if isinstance(one, ast.Assign | ast.AnnAssign)
        for node in ast.walk(one)
        if isinstance(node, ast.Name)
    ]
    return {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def imported_members(tree: ast.AST) -> set[str]:
    """Return the members of those modules of ours that the code imports."""
    base = Path(settings.BASE_DIR)
    paths = [base / f"{name.replace('.', '/')}.py" for name in imported(tree)]
    texts = [path.read_text() for path in paths if path.is_file()]
    return set().union(*(members(ast.parse(text)) for text in texts))


def standard(tree: ast.AST) -> set[str]:
    """Return what Python's own types have, and the standard modules that the code imports."""
    owners: list[object] = [str, bytes, dict, list, set, tuple, object]
    for name in imported(tree) & set(sys.modules):
        if name.partition(".")[0] in sys.stdlib_module_names:
            module = importlib.import_module(name)
            owners += [module, *(kind for _, kind in inspect.getmembers(module, inspect.isclass))]
    return {name for owner in owners for name in dir(owner)}


def owners(name: str) -> list[type]:
    """Return the classes of this name in the tables."""
    found = {entry.owner for entry in ENTRIES if entry.owner.endswith(f":{name}")}
    return [
        getattr(importlib.import_module(module), kind)
        for module, _, kind in (owner.partition(":") for owner in found)
    ]


def overriding(tree: ast.AST) -> set[str]:
    """Return the members of the code's classes that a base in one of the tables has, too."""
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in map(ast.unparse, node.bases)
        for owner in owners(base.rpartition(".")[2])
        for name in members(node)
        if private_names.has(owner, name)
    }


def unlisted(trees: list[ast.Module]) -> set[str]:
    """Return the foreign names in the code that are neither documented nor in a table."""
    known = NAMED | {name for names in DOCUMENTED.values() for name in names.split()}
    foreign = set().union(*map(overriding, trees))
    ours = set().union(*map(members, trees), *map(imported_members, trees)) - foreign
    python = set().union(*map(standard, trees))
    return set().union(*map(used, trees), foreign) - ours - python - known


def test_every_foreign_name_is_documented_or_in_a_table() -> None:
    assert unlisted(list(modules())) == set()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("def f(socket): return socket._wsgi_queue", "_wsgi_queue"),
        ("def f(socket): socket.trafficStats = None", "trafficStats"),
        ("class One(WebSocketProtocol):\n    sendPing = None", "sendPing"),
    ],
    ids=["read", "set", "overridden"],
)
def test_a_foreign_name_that_is_new_would_be_found(code: str, name: str) -> None:
    assert unlisted([*modules(), ast.parse(code)]) == {name}


def test_every_name_in_a_table_is_used() -> None:
    code = "\n".join(map(ast.unparse, modules()))
    assert [name for name in sorted(NAMED) if name not in code] == []


@pytest.mark.parametrize("table", TABLES)
def test_the_installed_packages_have_every_name(table: tuple[PrivateNames, ...]) -> None:
    assert private_names.missing(table) == []


def test_each_name_is_looked_for_by_itself() -> None:
    owner = "redis.asyncio.connection:Connection"
    table = (PrivateNames("redis", owner, ("_reader", "_nobody", "_writer"), ""),)
    (lacking,) = private_names.missing(table)
    assert lacking.startswith(f"_nobody of {owner} (redis ")


@pytest.mark.parametrize("owner", ["redis.nowhere:Nobody", "redis.client:Nobody"])
def test_all_names_of_an_owner_that_is_gone_are_missing(owner: str) -> None:
    table = (PrivateNames("redis", owner, ("one", "other"), ""),)
    assert len(private_names.missing(table)) == 2
