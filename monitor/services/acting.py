"""Who acts: the request on whose behalf the code of this thread runs."""

from __future__ import annotations

from contextvars import ContextVar

from django.http import HttpRequest

#: None where nobody's request is served: in a command, in a worker's loop, and for a webhook.
acting: ContextVar[HttpRequest | None] = ContextVar("acting", default=None)
