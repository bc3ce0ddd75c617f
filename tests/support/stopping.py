"""Servers that are told to stop."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.servers import Server

EXIT_WITHIN = 5.0  # seconds


BOTH = pytest.mark.parametrize("kind", ["daphne", "uvicorn"])


RESTART = (1012, "the server restarts")


async def stopped(server: Server) -> float:
    """Send SIGTERM, and return the seconds until the process has ended."""
    began = time.monotonic()
    status = await asyncio.to_thread(server.stop)
    assert status in (0, -15), server.said()  # uvicorn raises the signal again
    return time.monotonic() - began
