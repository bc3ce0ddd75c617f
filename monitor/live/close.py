"""Why a socket is closed. docs/protocol.md tells what a client does about each."""

from __future__ import annotations

from enum import IntEnum

from django.conf import settings


class CloseCode(IntEnum):
    """WebSocket close codes (RFC 6455 section 7.4; 4000 and up are ours)."""

    DONE = 1000
    UNSUPPORTED = 1003  # audio that is not G.711 at 8000 Hz
    POLICY = 1008  # more audio than real time allows, or too many small messages
    TOO_BIG = 1009  # a message over 64 KiB
    INTERNAL = 1011  # an error on our side
    RESTARTING = 1012  # come back at once
    TRY_LATER = 1013  # Redis is away
    NOT_SIGNED_IN = 4401
    NOT_ALLOWED = 4403
    NO_SUCH_TAP = 4404
    TOO_SLOW = 4408  # a page far behind, or a sender that sends nothing
    REPLACED = 4409  # another media connection has the tap
    REVOKED = 4410  # signed out, or no longer allowed
    TOO_MANY = 4429


NO_CODE = 1005  # of a close frame that names none
NO_CLOSE = 1006  # of a connection that ended without a close frame


class Closed(Exception):
    """This socket is to be closed, and why."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    @property
    def message(self) -> dict[str, object]:
        """The ASGI message. A close frame holds 123 bytes of reason (RFC 6455 section 5.5)."""
        reason = self.reason.encode()[:123].decode(errors="ignore")
        return {"type": "websocket.close", "code": int(self.code), "reason": reason}


RESTART = Closed(CloseCode.RESTARTING, "the server restarts")
OVER = Closed(CloseCode.DONE, "the tap is over")


def silent() -> Closed:
    """Say that a connection brought no audio for too long. Not a constant: Daphne reads this
    module before the application has said which settings there are."""
    return Closed(CloseCode.TOO_SLOW, f"no audio for {settings.SILENT_FOR} s")


def how_closed(code: int) -> str:
    """Tell how the other side closed a connection, by its close code (RFC 6455 section 7.1.5)."""
    if code == NO_CODE:
        return "the connection closed without a code"
    if code == NO_CLOSE:
        return "the connection was lost"
    return f"the connection closed ({code})"
