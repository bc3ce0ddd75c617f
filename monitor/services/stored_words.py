"""Sentences that the database keeps in English, translated where a person reads them.

A timeline is written by whatever process sees something happen, for readers of any language. The
sentences are listed here as they are written; what is not listed, such as words of a carrier's
own, is shown as it was stored.
"""

from __future__ import annotations

import functools
import re

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from monitor.services.carrier_requests import REASONS

REASON = "why"  # the place of a sentence within another one

SECOND_FACTOR_TAKEN = _("the second factor was taken away")

SENTENCES = (
    # the life of a tap
    _("asked for by %(who)s"),
    _("asked for by a client"),
    _("asked to stop"),
    _("stopped by %(who)s"),
    _("monitoring was stopped"),
    _("no more media came, and the end was never reported"),
    _("nothing followed the request"),
    _("SignalWire says %(state)s"),
    _("SignalWire says %(state)s of control_id %(control_id)s"),
    _("SignalWire says %(state)s of call %(call_id)s"),
    _("SignalWire says %(state)s of control_id %(control_id)s of call %(call_id)s"),
    _("SignalWire accepted the start"),
    _("SignalWire accepted the stop"),
    _("not stopped at the carrier: %(why)s"),
    *REASONS.values(),
    # its media
    _("media connected"),
    _("media connected from %(origin)s"),
    _("media connected again"),
    _("media connected again from %(origin)s"),
    _("media is %(codec)s though %(asked)s was asked for"),
    _(
        "media is %(codec)s though %(asked)s was asked for; its first %(ms)s ms were decoded as "
        "%(decoded)s"
    ),
    _("media comes from %(origin)s now: %(before)s was silent"),
    _("media comes from %(origin)s now: %(before)s did not send in real time"),
    _("media closed: %(why)s"),
    _("the connection closed without a code"),
    _("the connection closed (%(code)s)"),
    _("the connection was lost"),
    _("no audio for %(seconds)s s"),
    _("another media connection took over"),
    _("the server restarts"),
    _("the server went away"),
    _("the ledger could not be written"),
    _("the tap is over"),
    _("the lease is over"),
    _("an error on our side"),
    # who listened
    _("the page left"),
    _("signed out"),
    _("more than %(seconds)s s behind"),
    _("the audio bus is away"),
    # an account
    SECOND_FACTOR_TAKEN,
    # an export
    _("all"),
    _("%(filters)s, and a search"),
)


def translate(stored: str) -> str:
    """Return a stored sentence in the active language."""
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(stored):
            values = found.groupdict()
            if REASON in values:
                values[REASON] = translate(values[REASON])
            return gettext(sentence) % values
    return stored


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return each sentence with the pattern of what is stored, the longest first, because a
    place would also take the rest of a longer sentence."""
    longest_first = sorted(SENTENCES, key=len, reverse=True)
    return [(sentence, _pattern(sentence)) for sentence in longest_first]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)
    # Texts and names of places take turns.
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if is_place else re.escape(part)
            for part, is_place in zip(parts, [False, True] * len(parts), strict=False)
        ),
        re.DOTALL,
    )
