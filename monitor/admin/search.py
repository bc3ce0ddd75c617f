"""Searches the history by whole IDs, and by the beginning of a number or a name.

Each column is searched by itself, in its index, and the first one with the text gives the result.
A query that combines the columns of three tables by OR must read every row, which took ten seconds
on 400,000 rows.
"""

from __future__ import annotations

import functools
import ipaddress
import operator
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact, In

from monitor.admin.lists import LISTED, HistoryRows
from monitor.models import (
    AdminAction,
    Call,
    CallOrder,
    CallWords,
    LedgerEntry,
    ListenSession,
    Tap,
    caller_marks,
)
from monitor.services import word_scan, word_search
from monitor.services.permissions import Scope
from monitor.services.word_scan import Scan

#: The most rows that a query names one by one. If there are more, the newest of them are found
#: sooner by reading all rows from the newest on.
MANY = 10_000
#: The same for a filter, of which several may be in force at once. As many fill a list.
FEW = LISTED
LAST_CHARACTER = "\U0010ffff"


def related_value(path: str, column: str) -> F | Subquery:
    """Return the value of a column as an expression that is computed for each row.

    ``path`` leads to the call that has the column ("call__", "tap__call__"), or is "" for the row
    itself. If this were a condition on a join, SQLite would read all calls first.
    """
    if path == "call__":
        calls = Call.objects.filter(pk=OuterRef("call_id"))
        return Subquery(calls.order_by().values(column))
    if path == "tap__call__":
        taps = Tap.objects.filter(pk=OuterRef("tap_id"))
        return Subquery(taps.order_by().values(f"call__{column}"))
    return F(column)


def in_scope(rows: QuerySet[Any], scope: Scope, path: str) -> QuerySet[Any]:
    """Return the rows of the calls of a scope, as ``Scope.within`` does, in a form that leaves the
    rows in the order of their index.

    ``path`` leads to the rows that have the agent: "" if the listed rows have it themselves.
    """
    if scope.agents is None:
        return rows
    return rows.filter(In(related_value(path, "agent"), sorted(scope.agents)))


@dataclass(frozen=True, slots=True)
class Beginning:
    """The condition that a column begins with one of several texts."""

    column: str
    texts: tuple[str, ...]

    def indexed(self) -> Q:
        """Return the condition in a form that an index can answer.

        PostgreSQL answers a LIKE from the second index that Django creates on a text column
        (``varchar_pattern_ops``). SQLite uses no index for a LIKE, but it does for a range.
        """
        column = self.column
        if connection.vendor == "sqlite":
            return _any(
                Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST_CHARACTER})
                for text in self.texts
            )
        return _any(Q(**{f"{column}__startswith": text}) for text in self.texts)

    def passing(self, path: str) -> Q:
        """Return the condition in a form that no index can answer.

        ``path`` leads from the listed table to the column's. A database that could use an index
        here would find a million rows by it, and sort them.
        """
        value = related_value(path, self.column)
        return _any(Q(Exact(Left(value, len(text)), Value(text))) for text in self.texts)


def find_calls(calls: QuerySet[Call], text: str) -> QuerySet[Call]:
    """Return the calls whose ID begins with the text, or else those whose caller's number does."""
    return _by_call(calls, "", text)


def find_said(calls: QuerySet[Call], typed: str) -> QuerySet[Call]:
    """Return the calls in which all that a person typed was said, with their words."""
    if not word_search.parse(typed):
        return calls.none()
    with word_search.by_index():
        found = narrowed(calls, CallWords.objects.filter(text__said=typed), MANY)
    return _with_words(found, typed)


def scan_said(calls: QuerySet[Call], typed: str) -> tuple[QuerySet[Call], Scan]:
    """Return the same where words are encrypted, and how far back calls were read for it."""
    scan = word_scan.scan(calls, word_search.parse(typed))
    return _with_words(calls.filter(pk__in=scan.found), typed), scan


def _with_words(calls: QuerySet[Call], typed: str) -> QuerySet[Call]:
    return calls.annotate(sought=Value(typed)).select_related("words", "talk")


def narrowed(calls: QuerySet[Call], rows: QuerySet[Any], limit: int) -> QuerySet[Call]:
    """Return the calls that have one of these rows.

    Up to ``limit`` calls are named one by one. Where more have such a row, the calls are read from
    the newest on, and each is asked for its row: the first page is soon full.
    """
    keys = list(rows.order_by().values_list("call_id", flat=True)[: limit + 1])
    if len(keys) <= limit:
        return _with(calls, Q(pk__in=keys), len(keys))
    return _with(calls, Q(Exists(rows.filter(call=OuterRef("pk")))), limit)


def _with(rows: QuerySet[Any], condition: Q, count: int, path: str = "") -> QuerySet[Any]:
    """Return the rows with a condition, which so many rows have to which ``path`` leads.

    They need not be counted if those are rows of this table, and no other condition leaves out
    some of them.
    """
    found = rows.filter(condition)
    if isinstance(found, HistoryRows) and not path and not rows.query.where:
        found.known_count = count
    return found


def find_taps(taps: QuerySet[Tap], text: str) -> QuerySet[Tap]:
    """Return the taps with this ID or control ID, or else those of the calls that are found."""
    named = _tap_ids(text)
    return taps.filter(pk__in=named) if named else _by_call(taps, "call__", text)


def find_listens(listens: QuerySet[ListenSession], text: str) -> QuerySet[ListenSession]:
    """Return the sessions whose user's name begins with the text.

    If there are none, return those whose address does, or else those of the taps that are found.
    """
    own = Beginning("username", (text, text.lower())), Beginning("address", (text,))
    found = _first_found(listens, ListenSession, "", own)
    if found is not None:
        return found
    named = _tap_ids(text)
    return listens.filter(tap__in=named) if named else _by_call(listens, "tap__call__", text)


def find_orders(orders: QuerySet[CallOrder], text: str) -> QuerySet[CallOrder]:
    """Return the orders of users whose name begins with the text, or else those for the calls
    that are found."""
    own = (Beginning("username", (text, text.lower())),)
    found = _first_found(orders, CallOrder, "", own)
    return _by_call(orders, "call__", text) if found is None else found


def find_actions(actions: QuerySet[AdminAction], text: str) -> QuerySet[AdminAction]:
    """Return the actions of users whose name begins with the text.

    If there are none, return the actions on objects whose ID or name does.
    """
    own = (
        Beginning("username", (text, text.lower())),
        Beginning("object_id", (text,)),
        Beginning("object_repr", (text,)),
    )
    found = _first_found(actions, AdminAction, "", own)
    return actions.none() if found is None else found


def find_entries(entries: QuerySet[LedgerEntry], text: str) -> QuerySet[LedgerEntry]:
    """Return the ledger's entries of users whose name begins with the text.

    If there are none, return those whose address does, or else those whose call ID does.
    """
    own = (
        Beginning("username", (text, text.lower())),
        Beginning("address", (text,)),
        Beginning("call_id", (text,)),
    )
    found = _first_found(entries, LedgerEntry, "", own)
    return entries.none() if found is None else found


def find_sign_ins(records: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return the records of users whose name begins with the text, or else of this address."""
    own = (Beginning("username", (text, text.lower())),)
    found = _first_found(records, records.model, "", own)
    if found is not None:
        return found
    try:
        return records.filter(ip_address=str(ipaddress.ip_address(text)))
    except ValueError:
        return records.none()


def _by_call(rows: QuerySet[Any], path: str, text: str) -> QuerySet[Any]:
    own = [Beginning("call_id", (text,))]
    if not getattr(rows, "is_masked", False):
        numbers = _numbers(text)
        own.append(Beginning("caller", (*numbers, *caller_marks(numbers))))
    found = _first_found(rows, Call, path, own)
    return rows.none() if found is None else found


def _first_found(
    rows: QuerySet[Any], model: type[Model], path: str, conditions: Sequence[Beginning]
) -> QuerySet[Any] | None:
    """Return the rows of the first condition that finds any, or None.

    ``path`` leads from the rows to the model that has the conditions' columns.
    """
    for condition in conditions:
        found = model._default_manager.filter(condition.indexed()).order_by()
        keys = list(found.values_list("pk", flat=True)[: MANY + 1])
        if len(keys) > MANY:
            return _with(rows, condition.passing(path), len(keys), path)
        named = _with(rows, Q(**{f"{path}pk__in": keys}), len(keys), path)
        # Others than the user may know of do not count.
        if keys and (getattr(named, "known_count", None) or named.exists()):
            return named
    return None


def _tap_ids(text: str) -> list[uuid.UUID]:
    """Return the IDs of the taps with an ID or a control ID. Older agents reuse control IDs."""
    try:
        return list(Tap.objects.filter(pk=uuid.UUID(text)).values_list("pk", flat=True))
    except ValueError:
        named = Tap.objects.filter(control_id=text).order_by()
        return list(named.values_list("pk", flat=True)[:MANY])


def _numbers(text: str) -> tuple[str, ...]:
    """Return the forms in which a number that somebody typed may be stored.

    (555) 123 may be +555123 or, because North Americans omit their country code, +1555123.
    """
    plain = re.sub(r"[\s().\-/]", "", text)
    if not re.fullmatch(r"\+?\d+", plain):
        return (text,)
    return (plain,) if plain.startswith("+") else (plain, f"+{plain}", f"+1{plain}")


def _any(conditions: Iterable[Q]) -> Q:
    return functools.reduce(operator.or_, conditions, Q())
