"""For how long records are kept: what the environment says, and what cannot be."""

from __future__ import annotations

import pytest

from tests.support.checks import manage

PRINT = "from django.conf import settings; print(settings.RETENTION)"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "Retention(calls=90, words=30, listens=inf, sign_ins=90, admin_log=inf)"),
        (
            {"KEEP_CALLS_DAYS": "14", "KEEP_SIGN_INS_DAYS": "7"},
            "Retention(calls=14, words=14, listens=inf, sign_ins=7, admin_log=inf)",
        ),
        (
            {
                "KEEP_CALLS_DAYS": "60",
                "KEEP_WORDS_DAYS": "60",
                "KEEP_LISTENS_DAYS": "60",
                "KEEP_SIGN_INS_DAYS": "forever",
                "KEEP_ADMIN_LOG_DAYS": "1",
            },
            "Retention(calls=60, words=60, listens=60, sign_ins=inf, admin_log=1)",
        ),
    ],
    ids=["defaults", "short", "all"],
)
def test_each_kind_has_a_setting(environment: dict[str, str], told: str) -> None:
    assert manage("shell", "-v", "0", "-c", PRINT, **environment).stdout.strip() == told


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"KEEP_LISTENS_DAYS": "0"},
            "KEEP_LISTENS_DAYS='0': use a whole number from 1 to 36500, or forever",
        ),
        (
            {"KEEP_CALLS_DAYS": "30", "KEEP_WORDS_DAYS": "31"},
            "KEEP_…_DAYS: words (31 days) cannot be kept longer than their calls (30 days)",
        ),
        (
            {"KEEP_CALLS_DAYS": "forever", "KEEP_LISTENS_DAYS": "365"},
            "KEEP_…_DAYS: calls that were listened to (365 days) cannot be deleted earlier than "
            "others (forever)",
        ),
    ],
    ids=["number", "words", "listens"],
)
def test_what_cannot_be_stops_the_start(environment: dict[str, str], sentence: str) -> None:
    assert sentence in manage("check", **environment).stderr
