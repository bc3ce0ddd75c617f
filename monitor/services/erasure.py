"""Erases a phone number: the history of its calls stays, without the number and what was said.

A pseudonym takes the number's place. It is the same each time, so that the calls of one caller can
still be told to be that. Calls on legal hold, and calls that go on, are left as they are.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from monitor.models import (
    AdminAction,
    Call,
    CallEvent,
    CallMark,
    CallTool,
    CallWords,
    LedgerKind,
    LegalHold,
    ListenReason,
    ListenSession,
    Tap,
    TapEvent,
    encryption,
)
from monitor.models.encrypted import UNREADABLE
from monitor.services import descriptions, ledger, word_search
from monitor.services.ledger_chain import key

SHORTEST = 7  # digits; a shorter number may be another figure
BATCH = 500  # rows in one transaction


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where rows of one kind may have somebody's number, and how their calls are found."""

    model: type[Model]
    texts: tuple[str, ...]
    call: str  # the path to the call; "" for rows that belong to none


#: What was said in a number's own calls is deleted. In these rows of all others it is replaced.
MENTIONS = (
    Mentions(Call, ("caller", "caller_name"), "pk"),
    Mentions(CallEvent, ("text", "payload"), "call"),
    Mentions(CallWords, ("lines", "text"), "call"),
    Mentions(CallMark, ("note",), "call"),
    Mentions(Tap, ("reason", "end_reason", "content_type"), "call"),
    Mentions(TapEvent, ("reason", "payload"), "tap__call"),
    Mentions(ListenReason, ("text",), "call"),
    Mentions(ListenSession, ("reason",), "tap__call"),
    Mentions(AdminAction, ("object_repr", "message"), ""),
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """How many calls and other rows an erasure changes, and how many calls it leaves.

    ``unreadable`` rows are encrypted with a key that is missing, so nobody could look into them.
    """

    pseudonym: str
    calls: int
    mentions: int
    held: int
    going_on: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Having:
    """The rows of one kind that have the digits somewhere, and how many could not be read."""

    kind: Mentions
    rows: QuerySet[Any]
    unreadable: int = 0


def erase(number: str, *, dry_run: bool = False) -> Erasure:
    """Erase a number, and say so in the ledger without the number; with ``dry_run`` only count.

    Raises ValueError for what is no number, and ledger.NotWritten before anything is changed.
    """
    digits = "".join(filter(str.isdigit, number))
    if len(digits) < SHORTEST:
        raise ValueError(f"a number has {SHORTEST} digits or more")
    own = list(
        _free(Call.objects.of_number(digits), "pk").order_by("pk").values_list("pk", flat=True)
    )
    having = [_having(kind, digits) for kind in MENTIONS]
    live = descriptions.going_on().values("pk")
    counted = Erasure(
        pseudonym=_pseudonym(digits),
        calls=len(own),
        mentions=sum(len(_found(one, own)) for one in having),
        held=_calls_of(having).exclude(hold=None).count(),
        going_on=_calls_of(having).filter(hold=None, pk__in=live).count(),
        unreadable=sum(one.unreadable for one in having),
    )
    if not dry_run:
        details = {"number": counted.pseudonym, "calls": counted.calls, "held": counted.held}
        ledger.append([ledger.Entry(LedgerKind.ERASED, details=details)])
        for part in _parts(own):
            _erase_calls(part, counted.pseudonym)
        for one in having:
            for part in _parts(_found(one, [])):
                _replace(one.kind, part, digits, counted.pseudonym)
        word_search.forget_deleted()
    return counted


def _pseudonym(digits: str) -> str:
    return "erased-" + hmac.digest(key(), f"erased:{digits}".encode(), "sha256").hex()[:16]


def _calls_of(having: Sequence[Having]) -> QuerySet[Call]:
    """Return the calls that have these rows."""
    found = Q()
    for one in having:
        if one.kind.call:
            found |= Q(pk__in=one.rows.values(one.kind.call))
    return Call.objects.filter(found)


def _having(kind: Mentions, digits: str) -> Having:
    """Return the rows that have the digits in a text, even as a part of another number."""
    if encryption.may_be_there():
        return _read(kind, digits)
    casts = {f"{text}_as_text": Cast(text, TextField()) for text in kind.texts}
    having = Q()
    for name in casts:
        having |= Q(**{f"{name}__contains": digits})
    rows: QuerySet[Any] = kind.model._default_manager.alias(**casts)
    return Having(kind, rows.filter(having))


def _read(kind: Mentions, digits: str) -> Having:
    """Return the same, found by decrypting all rows."""
    rows: QuerySet[Any] = kind.model._default_manager.all()
    keys, unreadable = [], 0
    for pk, *texts in rows.values_list("pk", *kind.texts).iterator(chunk_size=BATCH):
        unreadable += any(isinstance(text, UNREADABLE) for text in texts)
        if digits in json.dumps(texts, ensure_ascii=False):
            keys.append(pk)
    return Having(kind, rows.filter(pk__in=keys), unreadable)


def _free(rows: QuerySet[Any], call: str) -> QuerySet[Any]:
    """Leave out the rows of calls that are on hold or go on."""
    if not call:
        return rows
    kept = Call.objects.exclude(hold=None).values("pk")
    live = descriptions.going_on().values("pk")
    return rows.exclude(**{f"{call}__in": kept}).exclude(**{f"{call}__in": live})


def _found(having: Having, own: list[int]) -> list[Any]:
    """Return the keys of the rows that may be changed, but for those of the number's own calls."""
    call = having.kind.call
    rows = _free(having.rows, call)
    if call and own:
        rows = rows.exclude(**{f"{call}__in": own})
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _erase_calls(keys: list[int], pseudonym: str) -> None:
    """Delete what was said in calls, and who called."""
    held = set(LegalHold.objects.filter(call__in=keys).values_list("pk", flat=True))
    locked = Call.objects.locked().filter(pk__in=keys).values_list("pk", flat=True)
    free = [pk for pk in locked if pk not in held]
    for model in (CallEvent, CallWords, CallTool, ListenReason):
        model._default_manager.filter(call__in=free).delete()
    CallMark.objects.filter(call__in=free).update(note="")
    Tap.objects.filter(call__in=free).update(reason="")
    TapEvent.objects.filter(tap__call__in=free).update(payload=None)
    ListenSession.objects.filter(tap__call__in=free).update(reason="")
    Call.objects.filter(pk__in=free).update(caller=pseudonym, caller_name="")


@transaction.atomic
def _replace(kind: Mentions, keys: list[Any], digits: str, pseudonym: str) -> None:
    """Put the pseudonym in the place of the number in rows."""
    number = re.compile(rf"(?<!\d)\+?{digits}(?!\d)")
    for row in _free(kind.model._default_manager.filter(pk__in=keys), kind.call):
        for text in kind.texts:
            setattr(row, text, _without(getattr(row, text), number, pseudonym))
        row.save(update_fields=kind.texts)


def _without(value: Any, number: re.Pattern[str], pseudonym: str) -> Any:
    """Return a text, or a JSON value, with the pseudonym in place of the number."""
    if isinstance(value, UNREADABLE):
        return value
    if isinstance(value, str):
        return number.sub(pseudonym, value)
    if isinstance(value, int) and number.fullmatch(str(value)):
        return pseudonym
    if isinstance(value, list):
        return [_without(one, number, pseudonym) for one in value]
    if isinstance(value, dict):
        pairs = ((_without(name, number, pseudonym), one) for name, one in value.items())
        return {name: _without(one, number, pseudonym) for name, one in pairs}
    return value


def _parts(keys: list[Any]) -> Iterator[list[Any]]:
    for begin in range(0, len(keys), BATCH):
        yield keys[begin : begin + BATCH]
