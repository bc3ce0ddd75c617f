"""What the operator's own patterns match is taken out of texts."""

from __future__ import annotations

import json

import pytest

from monitor.wire import private_patterns


def test_whatever_a_pattern_matches_goes_and_its_place_stays() -> None:
    patterns = private_patterns.parse(r'["\\b\\d{3}-\\d{2}-\\d{4}\\b", "(?i)policy [a-z]\\d+"]')
    text = "It is 078-05-1120, and my Policy K77 is paid."
    assert private_patterns.without(text, patterns) == "It is ••••, and my •••• is paid."


def test_without_the_setting_nothing_is_looked_for() -> None:
    assert private_patterns.parse("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "a JSON list"),
        ('"x"', "a JSON list"),
        ("[1]", "a JSON list"),
        (json.dumps(["x"] * 21), "up to 20"),
        (json.dumps(["x" * 301]), "up to 300 characters"),
        ('["(x"]', "'\\(x' is none"),
        ('["x*"]', "'x\\*' matches an empty text"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        private_patterns.parse(text)
