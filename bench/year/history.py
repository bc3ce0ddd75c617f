"""What a year leaves in the tables, call by call. The same every time but for its last moment."""

from __future__ import annotations

import datetime
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench import search

DAYS = 365
WORDS_DAYS = 30  # for which what was said is kept, as `prune --words-days` does it
USERS = 500
TEAMS = 20
AGENTS = 200  # in the teams by turns
CALLERS = 300_000
TAPS_OF_CALLS = (1, 2, 2)  # by turns: a third of the calls is tapped as one mixed leg
CALLS_OF_TAPS = len(TAPS_OF_CALLS) / sum(TAPS_OF_CALLS)
LISTENS = (0, 0, 1, 1, 1, 2, 3, 4, 5, 3)  # of a tap, equally likely: two on average

#: Teams whose calls are hard to list: few among all, all long ago, never heard, none at all.
#: Each has one agent, and one member of the same name.
RARE, EARLY, UNHEARD, EMPTY = "rare", "early", "unheard", "empty"
RARE_EVERY = 5_000  # calls, of which one is of the rare agent
EARLY_DAYS = 20  # in which each 20th call was of the early agent
UNHEARD_EVERY = 20  # calls, of which one is of the agent whom nobody hears
SPECIAL = (RARE, EARLY, UNHEARD, EMPTY)

CODECS = ("PCMU", "PCMU", "PCMU", "PCMA")
ENDS = ("finished",) * 19 + ("lost",)
FIGURES = json.dumps({"received": 9000, "lost": 3, "late": 1, "reordered": 2, "jitter_ms": 0.4})
ENDED_BECAUSE = "SignalWire says finished"
LEFT = "the page left"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ENDED_WITH = json.dumps({"reason": LEFT, "seconds_sent": 41.5, "seconds_acknowledged": 41.1})
TOOLS = ("look_up_order", "look_up_order", "book_table", "transfer", "send_text")

#: The fields of each kind of row, in the order of its values.
FIELDS = {
    "Call": "id call_id agent caller caller_name created_at began_at ended_at",
    "Tap": "id call agent control_id direction codec transport state end_reason transitions "
    "requested_at started_at ended_at media_opened_at media_closed_at frames bytes gaps rtp",
    "TapEvent": "id tap at old new reason payload digest",
    "ListenSession": "id tap agent user username address user_agent started_at seen_at ended_at "
    "end_reason frames seconds_sent",
    "LedgerEntry": "chain number at kind user_id username call_id tap listen address "
    "user_agent details mac",
    "CallTalk": "call speak listen overlap overlaps speak_silence listen_silence speak_spoke_at "
    "listen_spoke_at until",
    "CallReport": "call ended_by turns interruptions errors latency minutes input_tokens "
    "output_tokens",
    "CallWords": "call lines text",
    "CallTool": "call name uses failures",
    "CallEvent": "call agent at received_at kind role text payload source digest",
    "CallMark": "call kind leg severity began_at ended_at",
    "CallOrder": "call tap kind asked_by username asked_at claimed_at done_at",
    "AdminAction": "at user username kind content_type object_id object_repr message",
}
Rows = dict[str, list[tuple[Any, ...]]]
SECOND = datetime.timedelta(seconds=1)


class User(NamedTuple):
    id: int
    name: str


class Year:
    """Makes the rows of so many taps, which end at a moment."""

    def __init__(self, taps: int, until: datetime.datetime, content_type: int) -> None:
        self.calls = round(taps * CALLS_OF_TAPS)
        self._begins = until - datetime.timedelta(days=DAYS)
        self._words_since = until - datetime.timedelta(days=WORDS_DAYS)
        self._content_type = content_type
        self._chance = random.Random(1)
        self._said = search.calls(self.calls, random.Random(2))
        self._users = [User(n + 1, f"supervisor-{n + 1}") for n in range(USERS)]
        self._often = list(itertools.accumulate(1 / (n + 5) for n in range(USERS)))
        self._events = itertools.count(1)
        self._listens = itertools.count(1)
        self._entries = itertools.count(1)

    def batches(self, size: int) -> Iterator[Rows]:
        """Yield the rows of so many calls at a time, by the names of their models."""
        for first in range(1, self.calls + 1, size):
            rows: Rows = defaultdict(list)
            for number in range(first, min(first + size, self.calls + 1)):
                self._add(rows, number)
            yield rows

    def _add(self, rows: Rows, number: int) -> None:
        """Add the rows of a call."""
        chance = self._chance.random
        share = (number - chance()) / self.calls
        at = self._begins + datetime.timedelta(days=DAYS) * share
        length = 30 + 600 * chance() ** 2
        ended = at + length * SECOND
        agent = self._agent(number, at)
        call_id = f"call-{number:08}-{self._id()[:12]}"
        call = (number, call_id, agent, *self._caller(), at, at, ended)
        rows["Call"].append(call)
        turns = TAPS_OF_CALLS[number % len(TAPS_OF_CALLS)]
        for direction in ("both",) if turns == 1 else ("speak", "listen"):
            self._tap(rows, call, direction, length)
        if turns == 2:
            talk = (number, length / 2, length / 3, 2.5, 3, 4.5, 6.5, ended, ended, ended)
            rows["CallTalk"].append(talk)
        self._report(rows, number, agent, at, length)
        if number % 10 == 0:
            rows["CallMark"].append((number, "dead_air", "", 50, at, ended))
        if number % 20 == 0:
            kind = ("looked at", "exported")[number % 100 == 0]
            of = (self._content_type, str(number), call_id)
            rows["AdminAction"].append((ended, *self._user(), kind, *of, ""))

    def _tap(self, rows: Rows, call: tuple[Any, ...], direction: str, length: float) -> None:
        """Add a tap of a call, with its timeline and its listeners."""
        number, call_id, agent, *_, at, _began, ended = call
        tap, control, started = self._id(), f"earshot-{self._id()[:16]}", at + SECOND
        state = ENDS[self._pick(len(ENDS))]
        transport, figures = ("rtp", FIGURES) if self._pick(10) == 0 else ("ws", None)
        media = (direction, CODECS[self._pick(len(CODECS))], transport)
        times = (at, started, ended, started, ended)
        frames = int(length * 50)
        counts = (frames, frames * 160, self._pick(40) // 36)
        row = (tap, number, agent, control, *media, state, ENDED_BECAUSE, 2, *times, *counts)
        rows["Tap"].append((*row, figures))
        self._timeline(rows, tap, control, (at, started, ended), state)
        if number % 100 == 0:
            who = self._user()
            rows["CallOrder"].append((number, tap, "stop", *who, started, started, ended))
        heard = 0 if agent == UNHEARD else LISTENS[self._pick(len(LISTENS))]
        for _ in range(heard):
            self._listen(rows, (tap, agent, call_id), started, ended)

    def _timeline(
        self, rows: Rows, tap: str, control: str, times: tuple[Any, ...], state: str
    ) -> None:
        at, started, ended = times
        said = f"SignalWire says %s of control_id {control}"
        post = '{"event_type":"calling.call.tap","params":{"control_id":"%s","state":"%s"}}'
        kept = (
            (at, "", "requested", "asked for by a client", None),
            (started, "requested", "tapping", said % "tapping", post % (control, "tapping")),
            (started, "tapping", "tapping", "media connected from 203.0.113.7", None),
            (ended, "tapping", "tapping", "media closed: the connection closed (1000)", None),
            (ended, "tapping", state, said % "finished", post % (control, "finished")),
            (ended, state, state, "SignalWire accepted the stop", None),
        )
        for moment, old, new, reason, payload in kept:
            digest = payload and self._id() + self._id()
            rows["TapEvent"].append(
                (next(self._events), tap, moment, old, new, reason, payload, digest)
            )

    def _listen(self, rows: Rows, of: tuple[str, str, str], began: Any, ended: Any) -> None:
        """Add a listener, who is in the ledger too."""
        user, listen, address = self._user(), next(self._listens), f"192.0.2.{self._pick(250)}"
        begins = began + (ended - began) * 0.7 * self._chance.random()
        tap, agent, call_id = of
        who, times = (*user, address, BROWSER), (begins, ended, ended)
        rows["ListenSession"].append((listen, tap, agent, *who, *times, LEFT, 2000, 41.5))
        for kind, at, details in (
            ("listen_began", begins, '{"reads_words": true}'),
            ("listen_ended", ended, ENDED_WITH),
        ):
            n = next(self._entries)
            what = (f"year-{n % 4}", n, at, kind, *user, call_id, tap, listen)
            mac = self._id() + self._id()
            rows["LedgerEntry"].append((*what, address, BROWSER, details, mac))

    def _report(self, rows: Rows, number: int, agent: str, at: Any, length: float) -> None:
        """Add what the carrier told of a call, and while words are kept, what was said in it."""
        by = ("caller", "assistant", "assistant")[number % 3]
        tokens = self._pick(400) ** 2
        figures = (search.LINES, int(number % 4 == 0), int(number % 50 == 0), 1.2, length / 60)
        rows["CallReport"].append((number, by, *figures, tokens, tokens // 10))
        lines = next(self._said)
        if at < self._words_since:
            return
        milliseconds = int(at.timestamp() * 1000)
        step = int(length * 1000 / search.LINES)
        lines = [[milliseconds + step * n, side, text] for n, (_, side, text) in enumerate(lines)]
        words = " ".join(search.indexed(str(text)) for _, _, text in lines)
        rows["CallWords"].append((number, json.dumps(lines), words))
        rows["CallTool"].append((number, TOOLS[number % len(TOOLS)], 1, 0))
        for n, (_, side, text) in enumerate(lines):
            moment = at + step * n / 1000 * SECOND
            role = {"caller": "user", "agent": "assistant"}[str(side)]
            what = (number, agent, moment, moment, "conversation_add", role, text)
            payload = json.dumps({"role": role, "content": text})
            rows["CallEvent"].append((*what, payload, "live", self._id()))

    def _agent(self, number: int, at: datetime.datetime) -> str:
        if number % RARE_EVERY == 1:
            return RARE
        if number % UNHEARD_EVERY == 2:
            return UNHEARD
        if number % 20 == 3 and at < self._begins + datetime.timedelta(days=EARLY_DAYS):
            return EARLY
        return f"agent-{int(AGENTS * self._chance.random() ** 1.5)}"

    def _caller(self) -> tuple[str, str]:
        n = self._pick(CALLERS)
        return f"+1{2_025_550_000 + n * 7919 % 7_000_000_000}", f"Caller {n}" if n % 3 == 0 else ""

    def _user(self) -> User:
        return self._chance.choices(self._users, cum_weights=self._often)[0]

    def _pick(self, below: int) -> int:
        return int(self._chance.random() * below)

    def _id(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"
