"""How the history is searched: by whole IDs, and by the beginning of a number or a name.

Each column is asked by itself, in its index, and the first that knows the text answers. One
question that joins the columns of three tables by OR has to look at every row: on 400 000 of
them that took ten seconds.
"""

from __future__ import annotations

import functools
import operator
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from ..models import AdminAction, Call, ListenSession, Tap

#: Rows that may be named one by one. More are not rare: the newest of them are found sooner by
#: going through all rows from the newest on.
MANY = 10_000
LAST_CHARACTER = "\U0010ffff"


def related_value(path: str, column: str) -> F | Subquery:
    """Return the value of a column of the call that ``path`` leads to ("call__", "tap__call__"),
    or of the row itself (""), as an expression that is computed row by row. As a condition on a
    join, SQLite would go through all calls first."""
    if path == "call__":
        return Subquery(Call.objects.filter(pk=OuterRef("call_id")).values(column))
    if path == "tap__call__":
        return Subquery(Tap.objects.filter(pk=OuterRef("tap_id")).values(f"call__{column}"))
    return F(column)


@dataclass(frozen=True, slots=True)
class Beginning:
    """That a column begins with one of some texts."""

    column: str
    texts: tuple[str, ...]

    def indexed(self) -> Q:
        """Return the condition in a form that an index answers.

        PostgreSQL finds a LIKE in the second index that Django makes of a text column for it
        (``varchar_pattern_ops``). SQLite finds no LIKE in an index, but any range.
        """
        column = self.column
        if connection.vendor == "sqlite":
            return _any(
                Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST_CHARACTER})
                for text in self.texts
            )
        return _any(Q(**{f"{column}__startswith": text}) for text in self.texts)

    def passing(self, path: str) -> Q:
        """Return the condition in a form that no index answers, for a table from which ``path``
        leads to the column's: a database that can use an index here finds a million rows by it,
        and sorts them."""
        value = related_value(path, self.column)
        return _any(Q(Exact(Left(value, len(text)), Value(text))) for text in self.texts)


def find_calls(calls: QuerySet[Call], text: str) -> QuerySet[Call]:
    """Return the calls whose ID, or whose caller's number, begins with the text."""
    return _by_call(calls, "", text)


def find_taps(taps: QuerySet[Tap], text: str) -> QuerySet[Tap]:
    """Return the tap of an ID or a control ID, or the taps of the calls that are found."""
    named = _tap_ids(text)
    return taps.filter(pk__in=named) if named else _by_call(taps, "call__", text)


def find_listens(listens: QuerySet[ListenSession], text: str) -> QuerySet[ListenSession]:
    """Return the listens by users whose name begins with the text, those from an address that
    does, or those to the taps that are found."""
    own = Beginning("username", (text, text.lower())), Beginning("address", (text,))
    found = _first_found(listens, ListenSession, "", own)
    if found is not None:
        return found
    named = _tap_ids(text)
    return listens.filter(tap__in=named) if named else _by_call(listens, "tap__call__", text)


def find_actions(actions: QuerySet[AdminAction], text: str) -> QuerySet[AdminAction]:
    """Return what was done by users whose name begins with the text, or to what has such an ID or
    name."""
    own = (
        Beginning("username", (text, text.lower())),
        Beginning("object_id", (text,)),
        Beginning("object_repr", (text,)),
    )
    found = _first_found(actions, AdminAction, "", own)
    return actions.none() if found is None else found


def _by_call(rows: QuerySet[Any], path: str, text: str) -> QuerySet[Any]:
    own = Beginning("call_id", (text,)), Beginning("caller", _numbers(text))
    found = _first_found(rows, Call, path, own)
    return rows.none() if found is None else found


def _first_found(
    rows: QuerySet[Any], model: type[Model], path: str, conditions: tuple[Beginning, ...]
) -> QuerySet[Any] | None:
    """Return the rows of the first condition that finds any in the model that ``path`` leads to."""
    for condition in conditions:
        found = model._default_manager.filter(condition.indexed()).order_by()
        keys = list(found.values_list("pk", flat=True)[: MANY + 1])
        if len(keys) > MANY:
            return rows.filter(condition.passing(path))
        if keys:
            return rows.filter(**{f"{path}pk__in": keys})
    return None


def _tap_ids(text: str) -> list[uuid.UUID]:
    """Return the taps of an ID or a control ID, which an agent of old may have used again."""
    try:
        return list(Tap.objects.filter(pk=uuid.UUID(text)).values_list("pk", flat=True))
    except ValueError:
        named = Tap.objects.filter(control_id=text).order_by()
        return list(named.values_list("pk", flat=True)[:MANY])


def _numbers(text: str) -> tuple[str, ...]:
    """Return what a caller's number may be kept as that somebody typed: (555) 123 may have been
    +555123 or, as North Americans leave their country code out, +1555123."""
    plain = re.sub(r"[\s().\-/]", "", text)
    if not re.fullmatch(r"\+?\d+", plain):
        return (text,)
    return (plain,) if plain.startswith("+") else (plain, f"+{plain}", f"+1{plain}")


def _any(conditions: Iterable[Q]) -> Q:
    return functools.reduce(operator.or_, conditions, Q())
