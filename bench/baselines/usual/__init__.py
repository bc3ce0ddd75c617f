"""The usual way: Channels consumers and a group in channels_redis, on stock Daphne."""

from __future__ import annotations
