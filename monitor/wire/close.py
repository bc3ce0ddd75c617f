"""Why sockets are closed. docs/protocol.md tells what a client does about each code."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """WebSocket close codes (RFC 6455 section 7.4; 4000 and up are ours)."""

    DONE = 1000
    UNSUPPORTED = 1003  # audio that is not G.711 at 8000 Hz
    POLICY = 1008  # more audio than real time allows, or too many small messages
    TOO_BIG = 1009  # a message over 64 KiB
    INTERNAL = 1011  # an error on our side
    RESTARTING = 1012  # come back at once
    TRY_LATER = 1013  # Redis is away, or the ledger takes no entry
    NOT_SIGNED_IN = 4401
    NOT_ALLOWED = 4403
    NO_SUCH_TAP = 4404
    TOO_SLOW = 4408  # a page far behind, or a sender that sends nothing
    REPLACED = 4409  # another media connection has the tap
    REVOKED = 4410  # signed out, or no longer allowed
    TOO_MANY = 4429
    NO_NOTICE = 4451  # the parties were not told, as the agent's team demands
    NO_REASON = 4453  # the user has not said why, as the agent's team demands


NO_CODE = 1005  # stands for a close frame without a code
NO_CLOSE = 1006  # stands for the end of a connection without a close frame


class Closed(Exception):
    """Raised to close a socket, with the code and the reason to send."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    @property
    def message(self) -> dict[str, object]:
        """The ASGI message for it. A close frame has room for 123 bytes of reason (RFC 6455
        section 5.5)."""
        reason = self.reason.encode()[:123].decode(errors="ignore")
        return {"type": "websocket.close", "code": int(self.code), "reason": reason}


RESTART = Closed(CloseCode.RESTARTING, "the server restarts")
OVER = Closed(CloseCode.DONE, "the tap is over")


def silent(seconds: float) -> Closed:
    """Return the close of a connection that brought no audio for ``seconds``."""
    return Closed(CloseCode.TOO_SLOW, f"no audio for {seconds} s")


def how_closed(code: int) -> str:
    """Tell how the other side closed a connection, by its close code (RFC 6455 section 7.1.5)."""
    if code == NO_CODE:
        return "the connection closed without a code"
    if code == NO_CLOSE:
        return "the connection was lost"
    return f"the connection closed ({code})"
