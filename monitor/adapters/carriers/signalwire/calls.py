"""CallControl: starts and stops taps of running calls through SignalWire's REST API."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.wire.call_control import ControlError, ControlFailed, TapStart, TapStop

if TYPE_CHECKING:
    from signalwire.rest import RestClient

logger = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for a connection, and again for each part of the answer
#: What may be logged of an answer's text: codes and the names of fields. A message may repeat the
#: values that were sent, and with them a tap's token.
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

ERRORS: dict[int, ControlError] = {
    HTTPStatus.BAD_REQUEST: ControlError.INVALID,
    HTTPStatus.UNAUTHORIZED: ControlError.KEY_REFUSED,
    HTTPStatus.FORBIDDEN: ControlError.KEY_REFUSED,
    HTTPStatus.NOT_FOUND: ControlError.CALL_OVER,
    HTTPStatus.UNPROCESSABLE_ENTITY: ControlError.INVALID,
    HTTPStatus.TOO_MANY_REQUESTS: ControlError.BUSY,
}


class CallControl:
    """Sends the commands of one project. Its methods block, so they are called in a thread.

    No command is repeated: a start whose answer was lost may have started the tap.
    """

    def __init__(self, space: str, project: str, token: str, timeout: float = TIMEOUT) -> None:
        self._space = space
        self._project = project
        self._token = token
        self._timeout = timeout

    def start_tap(self, tap: TapStart) -> None:
        """Have SignalWire tap a call. Raises ControlFailed.

        The SDK makes no ``control_id`` and has no argument for ``status_url``, and SignalWire's
        own defaults for direction and codec differ between its APIs, so all of them are given.
        """
        self._send(
            "start",
            lambda calling: calling.tap(
                tap.call_id,
                control_id=tap.control_id,
                tap={"type": "audio", "params": {"direction": tap.direction}},
                device=_device(tap),
                extras={"status_url": tap.status_url},
            ),
        )

    def stop_tap(self, tap: TapStop) -> None:
        """Have SignalWire stop a tap. Raises ControlFailed.

        SignalWire answers that it knows no such call or tap if it has ended the tap by itself,
        which is all that was asked for.
        """
        try:
            self._send(
                "stop", lambda calling: calling.tap_stop(tap.call_id, control_id=tap.control_id)
            )
        except ControlFailed as failed:
            if failed.error != ControlError.CALL_OVER:
                raise

    def _send(self, what: str, command: Callable[[Any], object]) -> None:
        from signalwire.rest import SignalWireRestError

        try:
            command(self._client.calling)
        except SignalWireRestError as error:
            found = _classify(error)
            logger.warning("SignalWire did not %s a tap: %s (%s)", what, found, _shown(error))
            # The error's text has the whole answer, which may repeat a tap's token.
            raise ControlFailed(found) from None

    @cached_property
    def _client(self) -> RestClient:
        """The SDK's client. Importing it takes 0.6 s and 12 MB, so only who uses it imports it."""
        from signalwire.rest import RequestOptions, RestClient

        options = RequestOptions(timeout=self._timeout, retries=0)
        return RestClient(self._project, self._token, self._space, request_options=options)


def _device(tap: TapStart) -> dict[str, Any]:
    """Return where SignalWire is to send the audio, as its API has it."""
    parts = urlsplit(tap.uri)
    if parts.scheme == "rtp":
        where: dict[str, Any] = {"addr": parts.hostname, "port": parts.port}
        return {"type": "rtp", "params": {**where, "codec": tap.codec, "ptime": 20}}
    return {"type": "ws", "params": {"uri": tap.uri, "codec": tap.codec}}


def _classify(error: Any) -> ControlError:
    """Return what an error of the SDK means."""
    if error.status_code is None:
        return ControlError.UNREACHABLE if _never_left(error) else ControlError.NO_ANSWER
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return ControlError.NO_ANSWER  # a success whose body cannot be read: ask the media
    return ERRORS.get(error.status_code, ControlError.CARRIER_FAILED)


def _never_left(error: Any) -> bool:
    """Return whether a request failed before anything of it was sent."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, SSLError

    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    return isinstance(reason, ConnectTimeoutError | NewConnectionError | ProxyError | SSLError)


def _shown(error: Any) -> str:
    """Return what may be logged of an error: its status, the codes in it, and the request's id."""
    errors = error.body.get("errors") if isinstance(error.body, dict) else None
    named = [one for one in errors or () if isinstance(one, dict)]
    words = [error.status_code or "unanswered"]
    words += [one.get(key) for one in named[:3] for key in ("code", "attribute")]
    words += [error.request_id]
    return " ".join(str(word) for word in words if word and NAME.fullmatch(str(word)))
