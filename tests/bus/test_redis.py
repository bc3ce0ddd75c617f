"""The Redis URL, and what an operator is told without one."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from monitor.bus.redis import NotConfigured, Unavailable, redis_url


def test_without_a_redis_url_the_error_says_what_to_do(settings: Settings) -> None:
    settings.REDIS_URL = ""
    sentence = "no Redis: set REDIS_URL, or start script/server in this checkout"
    with pytest.raises(NotConfigured) as error:
        redis_url()
    assert str(error.value) == sentence
    assert isinstance(error.value, Unavailable)
