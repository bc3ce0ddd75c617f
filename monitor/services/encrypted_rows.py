"""Brings stored rows to the newest of ENCRYPTION_KEYS.

They are encrypted with it, or decrypted if it is ``none``. Rows that are as they should be are left
alone, so this may be interrupted and run once more.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from monitor.models import CallWords, encryption
from monitor.models.encrypted import Encrypted
from monitor.services import word_search

BATCH = 500  # rows in one transaction, so that a running server does not have to wait long


@dataclass(frozen=True, slots=True)
class Kind:
    """The rows of one model that have numbers or words."""

    model: type[Model]
    fields: tuple[Encrypted, ...]

    @property
    def name(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def columns(self) -> list[str]:
        """What is written of a row. With the words of a call that is also what its index holds."""
        index = ["text"] if self.model is CallWords else []
        return [*(field.name for field in self.fields), *index]

    def count(self) -> int:
        return self.model._default_manager.count()

    def due(self) -> QuerySet[Any]:
        """Return the rows that are still to be brought to the newest key, and can be read."""
        conditions = [_is_due(field) for field in self.fields]
        if self.model is CallWords:
            conditions.append(~Q(text="") if encryption.is_on() else Q(text=""))
        found = functools.reduce(operator.or_, conditions)
        return self._raw().filter(found).exclude(self._is_lost())

    def lost(self) -> QuerySet[Any]:
        """Return the rows of which something is encrypted with a key that is not listed."""
        return self._raw().filter(self._is_lost())

    def _raw(self) -> QuerySet[Any]:
        """Return all rows, with what the columns hold as texts."""
        texts = {_raw(field): Cast(F(field.name), TextField()) for field in self.fields}
        rows: QuerySet[Any] = self.model._default_manager.alias(**texts)
        return rows

    def _is_lost(self) -> Q:
        return functools.reduce(operator.or_, map(_is_lost, self.fields))


def kinds() -> Iterator[Kind]:
    """Yield what there is of encrypted columns."""
    for model in apps.get_app_config("monitor").get_models():
        fields = [one for one in model._meta.concrete_fields if isinstance(one, Encrypted)]
        if fields:
            yield Kind(model, tuple(fields))


def convert(kind: Kind, told: Callable[[int], None]) -> int:
    """Bring the rows of a kind to the newest key; return how many those were.

    ``told`` is called after each batch with the number of rows so far.
    """
    due, done = kind.due().order_by("pk"), 0
    last: Any = None
    while keys := _convert_some(kind, due if last is None else due.filter(pk__gt=last)):
        last, done = keys[-1], done + len(keys)
        told(done)
    return done


@transaction.atomic
def _convert_some(kind: Kind, due: QuerySet[Any]) -> list[Any]:
    """Bring some rows to the newest key, and return their primary keys. Fields write themselves as
    they are to be stored."""
    rows = list(due.select_for_update(no_key=True)[:BATCH])
    for row in rows:
        if isinstance(row, CallWords):
            said = [text for _, _, text in row.lines]
            row.text = "" if encryption.is_on() else word_search.indexed(said)
    kind.model._default_manager.bulk_update(rows, kind.columns)
    return [row.pk for row in rows]


def _raw(field: Encrypted) -> str:
    return f"{field.name}_as_stored"


def _begins(field: Encrypted, mark: str) -> Q:
    return Q(**{f"{_raw(field)}__startswith": field.raw_mark(mark)})


def _is_due(field: Encrypted) -> Q:
    if not encryption.is_on():
        return _begins(field, encryption.MARK)
    has_content = Q(**{f"{_raw(field)}__isnull": False}) & ~Q(**{_raw(field): Value("")})
    return has_content & ~_begins(field, encryption.known_marks()[0])


def _is_lost(field: Encrypted) -> Q:
    known = [_begins(field, mark) for mark in encryption.known_marks()]
    return functools.reduce(lambda found, one: found & ~one, known, _begins(field, encryption.MARK))
