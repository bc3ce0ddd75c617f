"""The metrics of all processes, added up in Redis, so that any worker can show the whole service.

Once a second, every process adds what it has counted to the totals, and stores its gauges
beside those of the other processes. A total therefore outlives the worker that counted, and a
gauge is left out once its process no longer renews it. A Redis that was frozen may receive a
report twice: first the attempt that timed out, then its repetition. Reports are therefore
numbered, and each is added once.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, NamedTuple

from monitor.bus.keys import GAUGES, TOTALS
from monitor.bus.queries import Queries
from monitor.bus.redis import new_client
from monitor.telemetry.metrics import Metrics

FRESH = 10.0  # seconds after which gauges that were not renewed are left out
FORGOTTEN = 300.0  # seconds after which they are deleted, because their process was killed

#: Its keys are TOTALS and GAUGES. Its arguments are the process, the number of the report, the
#: time, the gauges ("" if the process ends), and then pairs of a name and the amount to add to its
#: total. It is a script because only Redis knows which reports were added.
REPORT = f"""
local totals, gauges = KEYS[1], KEYS[2]
local before = redis.call('HGET', gauges, ARGV[1])
if not before or cjson.decode(before).report < tonumber(ARGV[2]) then
  for i = 5, #ARGV, 2 do redis.call('HINCRBY', totals, ARGV[i], ARGV[i + 1]) end
end
if ARGV[4] == '' then
  redis.call('HDEL', gauges, ARGV[1])
elseif not before or cjson.decode(before).report <= tonumber(ARGV[2]) then
  redis.call('HSET', gauges, ARGV[1], ARGV[4])
end
local stored = redis.call('HGETALL', gauges)
for i = 1, #stored, 2 do
  if cjson.decode(stored[i + 1]).at < ARGV[3] - {FORGOTTEN:.0f} then
    redis.call('HDEL', gauges, stored[i])
  end
end
"""

Arguments = list[str | int]


class MetricsReporter:
    """Reports a process's metrics, and keeps counts until Redis has confirmed their report."""

    def __init__(self, metrics: Metrics, queries: Queries) -> None:
        self._metrics = metrics
        self._queries = queries
        self._process = uuid.uuid4().hex
        self._number = 0
        self._unconfirmed: dict[str, int] | None = None  # counts of a report without an answer

    async def report(self) -> None:
        """Report once. Raises bus.Unavailable; the next call then repeats this report."""
        await self._send(self.arguments())

    async def report_end(self) -> None:
        """Report the last counts of a process that ends, and delete its gauges.

        Raises bus.Unavailable.
        """
        if self._unconfirmed is not None:
            await self.report()
        await self._send(self.arguments(ends=True))

    def arguments(self, *, ends: bool = False) -> Arguments:
        """Return the arguments of REPORT, with the last counts again if they had no answer."""
        if self._unconfirmed is None:
            self._number += 1
            self._unconfirmed = self._metrics.take()
        now = time.time()
        gauges = {"at": now, "report": self._number}
        gauges |= {gauge.name: gauge.value for gauge in self._metrics.gauges}
        counts = [word for pair in self._unconfirmed.items() for word in pair]
        stored = "" if ends else json.dumps(gauges)
        return [self._process, self._number, f"{now:.0f}", stored, *counts]

    async def _send(self, arguments: Arguments) -> None:
        await self._queries.ask_at_once(lambda client: _eval(client, arguments))
        self._unconfirmed = None


async def _eval(client: Any, arguments: Arguments) -> None:
    await client.eval(REPORT, 2, TOTALS, GAUGES, *arguments)


class ServiceMetrics(NamedTuple):
    """Holds what all processes have reported."""

    totals: dict[str, int]
    gauges: list[dict[str, float]]  # of each process whose report is fresh


def read_metrics() -> ServiceMetrics:
    """Read what all processes have reported. Raises bus.Unavailable."""
    with new_client() as client:
        totals: Any = client.hgetall(TOTALS)
        gauges: Any = client.hgetall(GAUGES)
    now = time.time()
    processes: list[dict[str, float]] = [json.loads(stored) for stored in gauges.values()]
    return ServiceMetrics(
        {key.decode(): int(total) for key, total in totals.items()},
        [process for process in processes if now - process["at"] < FRESH],
    )
