"""What a carrier reports about the state of a tap."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A status webhook, parsed by the carrier's adapter and recorded by ``services.tap_status``."""

    state: str
    control_id: str
    call_id: str
    at: datetime.datetime | None
    payload: dict[str, Any]
    digest: str
