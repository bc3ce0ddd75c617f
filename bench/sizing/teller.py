"""``python -m bench.sizing.teller``: publishes the levels of a floor, without its audio.

It reads a plan from its input, and publishes until it is ended what web workers and ``rtptaps``
publish of their taps: the levels five times a second, and what was heard once a second. First it
prints a line of JSON: how many bytes a second of levels a page of all taps is sent.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Self

PROCESSES = 20  # among which the taps are spread
TICKS = 5  # batches of levels a second
LEASED_MS = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """How many taps are told of."""

    taps: int

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))


class Process:
    """What one process publishes of its taps."""

    def __init__(self, taps: int) -> None:
        from monitor.audio.voice import Sound

        self._levels = {str(uuid.uuid4()): [-23.4, -11.7] for _ in range(taps)}
        sound = Sound(8000, 6400, 0, -23.4, -61.2, -12.5, False, 2**50 - 1, 2**49 - 1, 2**44)
        self._sounds = dict.fromkeys(self._levels, sound)

    def meters(self, second: int) -> tuple[str, str]:
        """Return the levels with the bars of a second, and what was heard in it."""
        from monitor.bus.seconds import Heard

        heard = Heard.of(second, self._sounds)
        return self.levels(second=second, bars=heard.bars), heard.dumps()

    def levels(self, **more: Any) -> str:
        return json.dumps({"type": "meters", "levels": self._levels, **more})


def main() -> None:
    """Publish until the end."""
    import django

    told = Told.loads(sys.stdin.read())
    django.setup()
    from bench.state import redis_client

    client = redis_client()
    processes = [Process(told.taps // PROCESSES) for _ in range(PROCESSES)]
    plain = [one.levels() for one in processes]
    with_bars = [one.meters(0)[0] for one in processes]
    sent = sum(map(len, with_bars)) + (TICKS - 1) * sum(map(len, plain))
    print(json.dumps({"bytes": sent}), flush=True)
    began, turn = time.monotonic(), 0
    while True:
        # Nobody who is measured judges the calls, of which the database does not know.
        client.set("attention", "the teller", px=LEASED_MS)
        _tick(client, processes[turn % PROCESSES], plain[turn % PROCESSES], turn)
        turn += 1
        time.sleep(max(0.0, began + turn / (PROCESSES * TICKS) - time.monotonic()))


def _tick(client: Any, process: Process, plain: str, turn: int) -> None:
    """Publish the levels of one process, and once a second what was heard."""
    from monitor.bus.keys import METERS, METERS_KEPT, SECONDS, SECONDS_KEPT_FOR

    if turn // PROCESSES % TICKS:
        client.xadd(METERS, {"j": plain}, maxlen=METERS_KEPT)
        return
    meters, heard = process.meters(int(time.time()) - 1)
    oldest = int((time.time() - SECONDS_KEPT_FOR) * 1000)
    client.xadd(METERS, {"j": meters}, maxlen=METERS_KEPT)
    client.xadd(SECONDS, {"j": heard}, minid=str(oldest))


if __name__ == "__main__":
    main()
