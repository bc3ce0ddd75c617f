"""Rows whose callers are masked as soon as they are read, for those who may not see numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, TypeVar

from django.db.models import QuerySet
from django.db.models.query import ModelIterable

Model = TypeVar("Model", bound=Any, covariant=True)
Row = TypeVar("Row", covariant=True)


class MaskedRows(ModelIterable):  # type: ignore[type-arg]  # no generic at run time
    """Makes rows into objects, and masks the caller of the call that each of them is or has."""

    def __iter__(self) -> Iterator[Any]:
        for row in super().__iter__():
            mask(row)
            yield row


class MaskableRows(QuerySet[Model, Row]):
    """Calls, or rows that are read together with their calls."""

    def masked(self) -> Self:
        """Return the rows with masked callers. They are not searched or ordered by number either,
        because from that a number could be guessed digit by digit."""
        rows = self.all()
        rows._iterable_class = MaskedRows
        return rows

    @property
    def is_masked(self) -> bool:
        """Whether the callers are masked."""
        return self._iterable_class is MaskedRows


def mask(row: Any) -> None:
    """Mask the caller of the call that a row is, or that was read with it."""
    while row is not None and not hasattr(row, "mask_caller"):
        read = row._state.fields_cache
        row = read.get("call") or read.get("tap")
    if row is not None:
        row.mask_caller()
