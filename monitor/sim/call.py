"""One simulated call, from the SWML request to the end of its taps."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

from monitor.audio.condition import Kind
from monitor.audio.g711 import Codec
from monitor.sim import voice
from monitor.sim.disorder import Disorder
from monitor.sim.leg import Leg
from monitor.sim.pace import ticks
from monitor.sim.platform import Caller, Platform, TapOrder
from monitor.sim.swml import CallFailed, Json
from monitor.sim.teller import Teller
from monitor.sim.trouble import spoiled

Say = Callable[[str], None]

#: In every fourth call the agent pauses the monitoring, as for a card number: from this second of
#: the call on, for so long.
CALLS_WITH_PAUSE = 4
PAUSED_AT, PAUSED_FOR = 10.0, 8.0

#: The direction of a script whose calls have a tap for each side.
APART = "apart"

FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hugo", "Iris", "Leo", "Mia")
LAST_NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fern", "Hazel", "Larch", "Maple", "Oak", "Pine")


@dataclass(frozen=True, slots=True)
class Script:
    """How calls go: which tap is asked for, what is sent at which speed, and what is wrong."""

    direction: str = "both"  # both, speak, listen or apart
    codec: Codec | None = None  # what is sent; None: what the agent asks for
    speed: float = 1.0  # times real time
    tone: int = 0  # Hz; 0: speech
    transport: str = ""  # ws or rtp; empty: the agent's choice
    troubles: tuple[Kind | None, ...] = (None,)  # the calls have them in turn; None: nothing
    disorder: int | None = None  # the seed of what happens to posts on their way; None: nothing
    untapped: int = 0  # of so many calls the agent of one starts no tap; 0: each agent starts one

    def trouble(self, number: int) -> Kind | None:
        """Return what is wrong with a call. The first call has number 1."""
        return self.troubles[(number - 1) % len(self.troubles)]

    def is_tapped(self, number: int) -> bool:
        """Return whether the agent of a call has it tapped."""
        return not self.untapped or number % self.untapped != 0

    def is_split(self, number: int) -> bool:
        """Return whether the sides of a call are tapped apart. One-way audio shows only so."""
        return self.direction == APART or self.trouble(number) is Kind.ONE_WAY

    def is_speech(self, number: int) -> bool:
        """Return whether both parties of a call are heard to speak all the time."""
        return not self.tone and self.trouble(number) not in (Kind.ONE_WAY, Kind.DEAD_AIR)


def make_caller(number: int, script: Script) -> Caller:
    """Invent the caller of a number. It is always the same but for the id of its call."""
    chance = random.Random(number)
    return Caller(
        call_id=str(uuid.uuid4()),
        # The numbers 555-0100 to 555-0199 are reserved for fiction.
        number=f"+1{chance.choice((202, 303, 404, 505, 617))}55501{chance.randrange(100):02}",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        transport=script.transport,
    )


class SimulatedCall:
    """Plays one call. ``number`` decides who calls, where the talk begins, and how it ends.

    SignalWire does not document whether ``finished`` comes before or after the media closes,
    so half of the calls do the one and half the other. In half of them the agent stops the taps.
    Meanwhile taps may be started and stopped from outside, as over SignalWire's REST API.
    """

    def __init__(self, number: int, script: Script, platform: Platform, say: Say) -> None:
        self.number = number
        self.caller = make_caller(number, script)
        self._script = script
        self._platform = platform
        self._legs: dict[str, Leg] = {}  # by control id
        self._troubles: list[str] = []
        self._say = say
        self.is_running = False

    def say(self, text: str) -> None:
        """Print a line about this call."""
        self._say(f"call {self.number} {self.caller.call_id[:8]}: {text}")

    async def run(self, seconds: float, hang_up: asyncio.Event) -> None:
        """Play the call for so many seconds, or until ``hang_up``.

        Raises CallFailed, but only at the end for what goes wrong while the taps run: if a
        status post fails, SignalWire does not hang up either.
        """
        swml = await self._platform.answer(self.caller)
        is_tapped = self._script.is_tapped(self.number)
        orders = await self._order(swml) if is_tapped else []
        disorder = Disorder(self._script.disorder, self.number)
        trouble = self._script.trouble(self.number)
        teller = Teller(self._platform, self.caller, self.number, swml, disorder, trouble)
        teller.begin()
        self.is_running = True
        try:
            for order in orders:
                self._legs[order.control_id] = await self._leg(order).open()
            if is_tapped and trouble is Kind.HELP:
                await self._attempt(self._platform.ask_for_help(self.caller, swml))
            await self._tell("tapping")
            async with self._pausing(swml):
                talked = await self._attempt(self._stream(teller, seconds, hang_up))
            if talked and self.number % 2:
                await self._attempt(self._stop_by_agent(swml))
            if self.number // 2 % 2:
                await self._tell("finished")
        finally:
            self.is_running = False
            for leg in self._legs.values():
                await leg.close()
        if not self.number // 2 % 2:
            await self._tell("finished")
        await teller.end()
        self._troubles += teller.failures
        if self._troubles:
            raise CallFailed("; ".join(self._troubles))

    async def start_tap(self, order: TapOrder) -> None:
        """Start a tap that was asked for from outside, and report it."""
        leg = self._leg(order)
        if not await self._attempt(leg.open()):
            return
        if self.is_running:
            self._legs[order.control_id] = leg
            await self._tell_of(leg, "tapping")
        else:
            await leg.close()  # the caller has hung up meanwhile

    def has_tap(self, control_id: str) -> bool:
        """Tell whether the call has, or had, a tap of that id."""
        return control_id in self._legs

    async def stop_tap(self, control_id: str) -> None:
        """Stop a tap as it was asked for from outside, and report it. The call goes on."""
        leg = self._legs[control_id]
        await leg.close()
        await self._tell_end(leg)

    async def _order(self, swml: Json) -> list[TapOrder]:
        """Have the agent start its taps."""
        split = self._script.is_split(self.number)
        direction = "both" if split else self._script.direction
        asked = await self._platform.start_monitoring(self.caller, swml, direction, split=split)
        orders = [replace(one, codec=self._script.codec or one.codec) for one in asked]
        for one in orders:
            self.say(f"tap {one.control_id} asked for, {one.direction} {one.codec}")
        return orders

    @contextlib.asynccontextmanager
    async def _pausing(self, swml: Json) -> AsyncIterator[None]:
        """In some calls, have the agent pause the monitoring for a while."""
        pausing = asyncio.create_task(self._attempt(self._pause(swml)))
        try:
            yield
        finally:
            pausing.cancel()
            await asyncio.wait([pausing])

    async def _pause(self, swml: Json) -> None:
        if self.number % CALLS_WITH_PAUSE or not self._legs:
            return
        await asyncio.sleep(PAUSED_AT / self._script.speed)
        await self._platform.pause_monitoring(self.caller, swml)
        self.say("paused")
        await asyncio.sleep(PAUSED_FOR / self._script.speed)
        await self._platform.resume_monitoring(self.caller, swml)
        self.say("resumed")

    def _leg(self, order: TapOrder) -> Leg:
        frames = voice.frames(order.direction, order.codec, self.number, self._script.tone)
        trouble = self._script.trouble(self.number)
        return Leg(order, spoiled(frames, trouble, order.direction, order.codec))

    async def _stream(self, teller: Teller, seconds: float, hang_up: asyncio.Event) -> None:
        """Send the audio of all legs in real time, and tell what is said in it."""
        is_speech = self._script.is_speech(self.number)
        interval = voice.FRAME_SECONDS / self._script.speed
        async for tick in ticks(interval):
            if tick * interval >= seconds or hang_up.is_set():
                return
            if is_speech:
                teller.play(tick)
            for leg in [leg for leg in self._legs.values() if leg.is_open]:
                await leg.send()
                if not leg.is_open:
                    await self._tell_end(leg)

    async def _stop_by_agent(self, swml: Json) -> None:
        """Have the agent stop the taps that are left, if there are any."""
        if going := [leg.order for leg in self._legs.values() if leg.is_open]:
            await self._platform.stop_monitoring(self.caller, swml, going)

    async def _tell(self, state: str) -> None:
        """Post the state of each tap."""
        for leg in self._legs.values():
            await (self._tell_end(leg) if state == "finished" else self._tell_of(leg, state))

    async def _tell_end(self, leg: Leg) -> None:
        """Post that a tap has finished, unless that was posted before."""
        if not leg.is_told:
            leg.is_told = True
            await self._tell_of(leg, "finished")

    async def _tell_of(self, leg: Leg, state: str) -> None:
        if await self._attempt(self._platform.post_status(self.caller, leg.order, state)):
            self.say(state)

    async def _attempt(self, step: Awaitable[object]) -> bool:
        """Make a step and return True; if it fails, keep the error for the end and return False."""
        try:
            await step
        except CallFailed as failure:
            self._troubles.append(str(failure))
            return False
        return True
