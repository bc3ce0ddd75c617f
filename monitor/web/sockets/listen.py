"""ListenSocket: sends a tap's audio to one browser."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from functools import partial
from typing import Any

from monitor.audio import g711
from monitor.bus.ring import in_micros
from monitor.bus.timing import frames_in, seconds_in
from monitor.fanout.audience import TapAudience, TapSubscriber
from monitor.fanout.floor import Floor
from monitor.fanout.lag import ListenerLag
from monitor.fanout.listen_record import ListenRecord
from monitor.fanout.mailbox import Mailbox
from monitor.fanout.rewind import NotRewound, Rewind
from monitor.fanout.tap_follower import TapFollower
from monitor.services import descriptions, ledger, listens, openings, permissions, refusals
from monitor.services.permissions import TapRules
from monitor.web.sockets.base import ALIVE, SupervisorSocket
from monitor.web.sockets.clock import ClockAnswers, NotTold
from monitor.web.sockets.hello import hello, is_stalled
from monitor.web.sockets.origin import client_of
from monitor.wire.close import CloseCode, Closed

#: Why the ledger says that a user may not hear a tap.
REFUSED = {
    CloseCode.NOT_ALLOWED: "permission",
    CloseCode.NO_SUCH_TAP: "team",
    CloseCode.NO_NOTICE: "notice",
    CloseCode.NO_REASON: "reason",
}
ACK = 64  # bytes of an ack, at most; the ack of the largest position has 40


class ListenSocket(SupervisorSocket):
    """Sends hello, then Frames, then end. Frames are forwarded as they were read from Redis, and so
    is what is said in the call, to those who may read it."""

    def __init__(self, floor: Floor) -> None:
        super().__init__(floor, Mailbox(frames_in(floor.limits.mailbox)))
        self._subscriber = TapSubscriber(self._mailbox.put)
        self._rewind = Rewind(self._subscriber, self._mailbox, floor.limits)
        self._follower = TapFollower(
            floor.limits.grace, self._add_note, self._on_pause, partial(self.end, CloseCode.DONE)
        )
        self._clock = ClockAnswers()
        self._record = ListenRecord(floor.listen_writes)
        self._notes: list[str] = []  # JSON messages to be sent before the next Frame
        self._audience: TapAudience  # once it is joined
        self._call = ""  # its id, once it is known
        self._may_read_words = self._sees_full_numbers = False
        self._frames = 0  # sent by the send loop
        self._dropped = 0  # Frames that /metrics has counted

    @property
    def tap_id(self) -> uuid.UUID:
        tap_id: uuid.UUID = self.scope["url_route"]["kwargs"]["tap_id"]
        return tap_id

    def check_access(self, user: Any, taps: TapRules) -> None:
        if not permissions.may_listen(user):
            raise Closed(CloseCode.NOT_ALLOWED, "you may not listen to this tap")
        if not taps.may_know(user, self.tap_id):
            raise Closed(CloseCode.NO_SUCH_TAP, str(openings.NoSuchTap()))
        if taps.lacks_notice(self.tap_id):
            raise Closed(CloseCode.NO_NOTICE, "the parties were not told that it is listened to")
        if taps.lacks_reason(user, self.tap_id):
            raise Closed(CloseCode.NO_REASON, "reason wanted")
        self._may_read_words = permissions.may_read_words(user)
        self._sees_full_numbers = permissions.sees_full_numbers(user)

    def record_refusal(self, refused: Closed) -> None:
        client = client_of(self.scope)
        refusals.listening(self._user, self.tap_id, client, REFUSED[refused.code])

    async def opened(self) -> None:
        listen = await self._open_listen()
        # Before the subscription, whose first event is about this listener, and would otherwise
        # look like a new state.
        self._follower.begin(listen.tap_id, listen.state, listen.transitions)
        # Joined first, because an event may already tell of a pause.
        self._audience = await self._floor.tap_audiences.subscribe(listen.tap_id, self._subscriber)
        await self._floor.tap_events.follow(str(listen.tap_id), self._follower.on_event)
        position = self._audience.newest
        self._floor.open_sockets.listeners[listen.session_id] = self
        # Read after the subscription: no event tells of what changed before it.
        tap = await self._describe_tap()
        self._follower.begin(listen.tap_id, tap["state"], tap["transitions"])
        self._call = tap["call"]
        await self._floor.call_words.follow(self._call, self._on_words)
        stalled = tap["media"] and await is_stalled(listen, self._floor)
        shown = tap if self._sees_full_numbers else descriptions.with_masked_caller(tap)
        await self.send_json(hello(listen, shown, stalled, position))
        self._follower.follow_pause(tap["pause"])
        self._follower.follow(tap)
        self._fast_path.on_text = self._on_text

    async def _describe_tap(self) -> dict[str, Any]:
        try:
            return await self._floor.describe_tap(self.tap_id)
        except KeyError:
            raise Closed(CloseCode.NO_SUCH_TAP, str(openings.NoSuchTap())) from None

    async def _open_listen(self) -> openings.OpenedListen:
        client = client_of(self.scope)
        opening = openings.Opening(self._user, self.tap_id, client, self._may_read_words)
        try:
            return await self._record.open(opening)
        except (openings.NoSuchTap, openings.NotOpen) as error:
            raise Closed(CloseCode.NO_SUCH_TAP, str(error)) from None
        except openings.TooMany as error:
            raise Closed(CloseCode.TOO_MANY, str(error)) from None
        except ledger.NotWritten as error:
            raise Closed(CloseCode.TRY_LATER, str(error)) from None

    async def send_loop(self) -> None:
        """Send queued notes and Frames; when nothing is queued, hand over to the fast path.

        Wakes only while the fast path is closed.
        """
        counts = self._floor.metrics.audio
        while True:
            if not self._mailbox.wake.is_set() and not self._rewind.is_joining:
                self._subscriber.open_fast_path(self._fast_path.open_fast_path)
            await self._mailbox.wake.wait()
            frames = self._mailbox.take()
            notes, self._notes = self._notes, []
            for note in notes:
                await self.send_text(note)
            frames = self._rewind.skip_joined(frames)
            if self._rewind.is_asked:
                frames = await self._with_older(frames)
            for data in frames:
                if self._audience.hides(data):
                    continue
                await self._send({"type": "websocket.send", "bytes": data})
                self._frames += 1
                counts.frames_out += 1

    async def _with_older(self, live: list[bytes]) -> list[bytes]:
        try:
            older = await self._rewind.read(partial(self._floor.ring.last_seconds, self.tap_id))
        except NotRewound as refusal:
            await self.complain(str(refusal))
            return live
        return self._rewind.join(older, live)

    def _on_pause(self, pause: dict[str, Any]) -> None:
        """Keep from the listener what is said in a pause, also what waits for it, and tell it."""
        since = pause["since"]
        at = in_micros(datetime.datetime.fromisoformat(since)) if since else None
        self._audience.hidden_since = at
        self._mailbox.discard(self._audience.hides)
        self._add_note({"type": "pause", **pause})

    def _wake_send_loop(self) -> None:
        """Have the send loop act before any more Frames are sent."""
        self._subscriber.close_fast_path()
        self._mailbox.wake.set()

    def _add_note(self, note: dict[str, Any]) -> None:
        self._add_text(json.dumps(note))

    def _add_text(self, note: str) -> None:
        self._notes.append(note)
        self._wake_send_loop()

    def _on_words(self, _: dict[str, Any], message: bytes) -> None:
        if self._may_read_words:
            self._add_text(message.decode())

    def send_keepalive(self) -> None:
        self._add_note(ALIVE)

    @property
    def messages_sent(self) -> int:
        return self._frames + self._subscriber.sent_directly

    @property
    def lag(self) -> ListenerLag:
        return self._subscriber.lag

    def _on_text(self, payload: bytes) -> bool:
        """Handle an ack that came by the fast path; leave all else to ``on_message``."""
        if len(payload) > ACK:
            return False
        try:
            message = json.loads(payload)
        except ValueError:
            return False
        is_ack = isinstance(message, dict) and message.get("type") == "ack"
        return is_ack and self._ack(message.get("position"))

    async def on_message(self, message: dict[str, Any]) -> None:
        kind, position, seconds = map(message.get, ("type", "position", "seconds"))
        if kind == "ack" and isinstance(position, int):
            if not self._ack(position):
                await self.complain("position was never sent")
        elif kind == "backfill" and isinstance(seconds, int | float):
            await self._on_backfill(seconds)
        elif kind == "clock":
            await self._on_clock(message.get("sent"))
        else:
            known = "ack with a position, backfill with seconds, or clock with sent"
            await self.complain(f"type is {known}")

    def _ack(self, position: object) -> bool:
        """Record the position that was played; return False if it was never sent."""
        return isinstance(position, int) and self.lag.acknowledge(position, time.monotonic())

    async def _on_backfill(self, seconds: float) -> None:
        try:
            self._rewind.ask(seconds)
        except NotRewound as refusal:
            await self.complain(str(refusal))
        else:
            self._wake_send_loop()

    async def _on_clock(self, sent: object) -> None:
        try:
            answer = self._clock.answer(sent)
        except NotTold as refusal:
            await self.complain(str(refusal))
        else:
            await self.send_json(answer)

    def check_lag(self, now: float) -> float:
        """Return how many seconds behind the listener is, and end it if that is too far."""
        self.lag.update_unsent(self._fast_path.unsent(), now)
        if self.lag.is_too_slow(now):
            self.end(CloseCode.TOO_SLOW, f"more than {self._floor.limits.too_slow:.0f} s behind")
        return self.lag.seconds_behind(now)

    def heard(self) -> listens.Heard:
        """Return how much the listener was sent and has acknowledged, and count the Frames that
        were left out since the last time in /metrics."""
        dropped = self._mailbox.dropped + self._subscriber.skipped
        self._floor.metrics.dropped.add(dropped - self._dropped, "listener too slow")
        self._dropped = dropped
        frames = self.messages_sent
        if not frames:
            return listens.Heard(dropped=dropped)
        sent, behind = seconds_in(frames), self.lag.unacknowledged()
        acknowledged = 0.0 if behind is None else max(0.0, sent - behind / g711.SAMPLE_RATE)
        return listens.Heard(frames, dropped, sent, acknowledged, self._rewind.seconds)

    async def before_close(self, closed: Closed) -> None:
        self._subscriber.close_fast_path()  # or Frames would follow the close frame
        if closed.code == CloseCode.DONE and self._follower.is_over:
            await self.send_json({"type": "end", "reason": closed.reason})

    async def on_closed(self, reason: str) -> None:
        self._fast_path.on_text = None
        self._follower.close()
        listen = await self._record.opened()
        if listen is None:
            return
        self._floor.tap_events.unfollow(str(listen.tap_id), self._follower.on_event)
        self._floor.call_words.unfollow(self._call, self._on_words)
        self._floor.tap_audiences.unsubscribe(listen.tap_id, self._subscriber)
        self._floor.open_sockets.listeners.pop(listen.session_id, None)
        await self._record.end(listen, self.heard(), reason)
