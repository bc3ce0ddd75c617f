"""The receiver of RTP taps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers import RtpTaps


@pytest.fixture(scope="package")
def _receiving(django_db_setup: Any, static_files: None) -> Iterator[RtpTaps]:
    with RtpTaps() as started:
        yield started


@pytest.fixture
def receiving(_receiving: RtpTaps, transactional_db: Any) -> RtpTaps:
    """``manage.py rtptaps``."""
    return _receiving
