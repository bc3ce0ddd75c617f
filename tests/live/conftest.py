"""The receiver of RTP taps, and a Redis of its own for who counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings

from tests.servers import RtpTaps


@pytest.fixture
def alone() -> str:
    """The URL of an empty Redis: the run's other servers count into the run's."""
    url = str(settings.REDIS_URL).removesuffix("/0") + "/7"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="package")
def _receiving(django_db_setup: Any, static_files: None) -> Iterator[RtpTaps]:
    with RtpTaps() as started:
        yield started


@pytest.fixture
def receiving(_receiving: RtpTaps, transactional_db: Any) -> RtpTaps:
    """``manage.py rtptaps``."""
    return _receiving
