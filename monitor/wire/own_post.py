"""A post of the carrier's that is passed on to an agent's own URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class OwnPost:
    """What is passed on, and to where. Neither the URL nor the body may be shown to anybody: the
    URL may have a login, and the body has what was said, card numbers included."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str
    call_id: str  # "" where the body does not say
    is_record: bool  # of a whole call, which comes once; otherwise a live event

    @property
    def host(self) -> str:
        """The scheme, the host and the port, which may be logged."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
