"""A Redis of its own for who counts."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings


@pytest.fixture
def alone() -> str:
    """The URL of an empty Redis: the run's other servers count into the run's."""
    url = str(settings.REDIS_URL).removesuffix("/0") + "/7"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url
