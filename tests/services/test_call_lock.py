"""What a locked call keeps others from, and what not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from monitor.models import Call, Tap
from tests.support import environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not environment.POSTGRES, reason="SQLite locks no rows"),
]


def elsewhere(act: Callable[[], object]) -> Exception | None:
    """Do something on a connection of its own that waits 0.5 s for a lock; return its error."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '500ms'")
                act()
        except OperationalError as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return errors[0] if errors else None


def begun_beside(locked: QuerySet[Call]) -> Exception | None:
    """Return the error of a transaction that adds a tap to a call while that is locked."""
    call = Call.objects.create(call_id="call-1")
    with transaction.atomic():
        locked.get(pk=call.pk)
        return elsewhere(lambda: Tap.objects.create(call=call, control_id="tap-1"))


def test_a_row_that_refers_to_a_locked_call_does_not_wait() -> None:
    assert begun_beside(Call.objects.locked()) is None


def test_the_check_finds_a_lock_that_it_waits_for() -> None:
    assert begun_beside(Call.objects.select_for_update()) is not None


def test_who_locks_a_locked_call_waits() -> None:
    call = Call.objects.create(call_id="call-1")
    with transaction.atomic():
        Call.objects.locked().get(pk=call.pk)
        assert elsewhere(lambda: Call.objects.locked().get(pk=call.pk)) is not None
