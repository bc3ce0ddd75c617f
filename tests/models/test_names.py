"""What rows are called where Django names them: in forms, logs and errors.

None of the names has a word that somebody said or typed, or what the provider calls somebody.
"""

from __future__ import annotations

import pytest

from monitor.models import (
    CallEvent,
    CallReport,
    CallTool,
    CallWords,
    ListenReason,
    ProviderIdentity,
)
from monitor.models.call_event import EventSource


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (CallEvent(kind="barge", text="Stop.", payload={}, source=EventSource.LIVE), "barge"),
        (CallReport(call_id=7, turns=12, interruptions=1, errors=0), "12 turns"),
        (CallTool(call_id=7, name="get_weather", uses=2, failures=0), "get_weather"),
        (CallWords(call_id=7, lines=[[0, "caller", "Hello."]], text="hello"), "7"),
        (ListenReason(user_id=3, call_id=7, text="a complaint"), "of user 3 for call 7"),
        (ProviderIdentity(user_id=3, issuer="https://id.example.com", subject="x"), "of user 3"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_row_is_named_without_what_is_personal(row: object, name: str) -> None:
    assert str(row) == name
