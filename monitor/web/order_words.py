"""What the pages say about orders: that one is under way, and why one was refused or failed; and
why a reason for listening was not taken.

Each sentence says what to do next, if the reader can do anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from monitor.models import OrderKind
from monitor.wire.call_control import ControlError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Words = tuple[StrPromise, StrPromise | str]

ASK = _("Ask an administrator.")
AGAIN = _("Try again.")
LATER = _("Try again in a minute.")

#: What is said while an order is under way.
UNDER_WAY = {
    OrderKind.START: _("Asking SignalWire to start…"),
    OrderKind.STOP: _("Stopped. Telling SignalWire…"),
}

#: What an order that failed has led to, which is said before the reason.
OUTCOMES = {
    OrderKind.START: _("Monitoring did not start."),
    OrderKind.STOP: _("Nobody hears this call any more, but SignalWire was not told."),
}

#: Why SignalWire did not do what it was asked to, and what helps against that.
ERRORS: dict[ControlError, Words] = {
    ControlError.KEY_REFUSED: (_("SignalWire refuses Earshot’s API token."), ASK),
    ControlError.CALL_OVER: (_("The call is over."), ""),
    ControlError.INVALID: (_("SignalWire does not accept the request."), ASK),
    ControlError.BUSY: (_("SignalWire has too many requests."), LATER),
    ControlError.UNREACHABLE: (_("SignalWire cannot be reached."), AGAIN),
    ControlError.CARRIER_FAILED: (_("SignalWire has a problem of its own."), AGAIN),
    ControlError.NO_ANSWER: (_("SignalWire did not answer."), AGAIN),
    ControlError.NOT_SENT: (_("The request was not sent in time."), AGAIN),
}

#: Why Earshot did not take an order: by the word in its answer, or by what the page found instead
#: of an answer; and what helps against that.
REFUSALS: dict[str, Words] = {
    "signed_out": (_("You are signed out. Sign in again."), ""),
    "not_allowed": (_("Your account lacks the permission. An administrator can grant it."), ""),
    "no_such_call": (_("This call is not known any more."), ""),
    "already_asked": (_("Somebody has just asked for the same."), ""),
    "already_tapped": (_("This call is monitored already."), ""),
    "call_over": (_("The call is over."), ""),
    "not_set_up": (_("Earshot has no access to SignalWire."), ASK),
    "no_port": (_("No port is free for this call’s audio."), LATER),
    "not_tapped": (_("This call is not monitored any more."), ""),
    "not_paused": (_("This call is not paused any more."), ""),
    "too_many": (_("You have asked for too much within a minute."), LATER),
    "reason_too_short": (_("Say why in 3 characters or more."), ""),
    "reason_too_long": (_("Say why in 200 characters or less."), ""),
    "not_recorded": (_("This could not be recorded, so it was not done."), LATER),
    "old_page": (_("This page is too old. Reload it."), ""),
    "unreachable": (_("The server cannot be reached."), AGAIN),
    "failed": (_("Something went wrong on the server."), AGAIN),
}


def for_scripts() -> dict[str, object]:
    """Return the tables for the scripts in the active language, by the values that they explain."""
    return {
        "underWay": UNDER_WAY,
        "errors": {
            kind: {error: _sentences(kind, error) for error in ControlError} for kind in OrderKind
        },
        "refusals": {why: refusal(why) for why in REFUSALS},
    }


def refusal(why: str) -> str:
    """Say why Earshot does not take an order, and what helps against that."""
    return _joined(*REFUSALS[why])


def _sentences(kind: OrderKind, error: ControlError) -> str:
    """Say what an error has led to, why, and what helps. A stop cannot be tried again."""
    why, advice = ERRORS[error]
    helps = advice if kind == OrderKind.START or advice == ASK else ""
    return _joined(OUTCOMES[kind], why, helps)


def _joined(*sentences: StrPromise | str) -> str:
    return " ".join(str(one) for one in sentences if one)
