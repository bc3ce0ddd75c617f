"""``python -m bench.sizing``: measures what one of each costs, and computes what floors need.

Without arguments it measures all parts, which takes some 8 min, checks the model, and prints the
tables. As root it goes before other work on the machine. Figures are kept in a file, so that single
parts can be measured again, or none: ``python -m bench.sizing --table``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import report, rows, state
from bench.sizing import check, lanes, levels, servers, table
from bench.sizing.costs import MEASURED, Costs
from bench.sizing.servers import Redis
from bench.testbed import Testbed, go_before_others
from tests.support.valkeys import Cluster

SERVER = "earshot-uvicorn"
Figures = dict[str, Any]


def main() -> None:
    """Measure the parts that are asked for, and print the tables."""
    options = _options()
    file: Path = options.file
    kept: Figures = json.loads(file.read_text()) if file.exists() else {"costs": {}}
    if not options.table:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        go_before_others()
        with Testbed() as testbed:
            state.prepare()
            kept["machine"] = report.machine(testbed)
            for name in options.parts or PARTS:
                print(f"… {name}", file=sys.stderr, flush=True)
                PARTS[name](testbed, kept)
                file.write_text(json.dumps(kept, indent=1, default=dataclasses.asdict) + "\n")
    kept = json.loads(file.read_text())
    print("\n".join(table.lines(kept) if "checked" in kept else ["not all is measured yet"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sizing", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument("--file", type=Path, default=MEASURED, help="where the figures are kept")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return options


def _audio(testbed: Testbed, kept: Figures) -> None:
    found = servers.audio(testbed, rows.named(SERVER), servers.one_redis(testbed))
    kept["costs"]["one"] = found.pop("audio")
    for name in ("frame_memory", "worker_memory"):
        kept["costs"][name] = found.pop(name)
    kept["one"] = found


def _audio_of_a_cluster(testbed: Testbed, kept: Figures) -> None:
    with _cluster() as redis:
        found = servers.audio(testbed, rows.named(SERVER), redis)
    kept["costs"]["cluster"] = found["audio"]
    kept["cluster"] = {name: found[name] for name in ("lost", "p99_ms")}


def _lists(testbed: Testbed, kept: Figures) -> None:
    row, redis = rows.named(SERVER), servers.one_redis(testbed)
    kept["costs"]["everything"] = levels.lists(testbed, row, redis)
    with levels.in_a_team():
        kept["costs"]["team"] = levels.lists(testbed, row, redis)


def _rtp(testbed: Testbed, kept: Figures) -> None:
    redis = servers.one_redis(testbed)
    kept["costs"] |= servers.rtp(testbed, redis) | servers.idle_rtp(testbed, redis)


def _idle(testbed: Testbed, kept: Figures) -> None:
    kept["costs"] |= servers.idle(testbed, rows.named(SERVER))


def _node(testbed: Testbed, kept: Figures) -> None:
    kept["node"] = lanes.node(testbed, servers.one_redis(testbed))
    for name in ("node_taps", "node_share", "pump_share"):
        kept["costs"][name] = kept["node"].pop(name)


def _keys(testbed: Testbed, kept: Figures) -> None:
    kept["keys"] = lanes.keys(testbed, servers.one_redis(testbed))
    with _cluster() as redis:
        kept["keys of a cluster"] = lanes.keys(testbed, redis)


def _check(testbed: Testbed, kept: Figures) -> None:
    costs, row = Costs.loads(json.dumps(kept["costs"], default=dataclasses.asdict)), SERVER
    found = check.one_worker(testbed, rows.named(row), servers.one_redis(testbed), costs)
    with _cluster() as redis:
        found += check.two_workers(testbed, rows.named(row), redis, costs)
    kept["checked"] = [*found, *check.one_node(costs)]


PARTS: dict[str, Callable[[Testbed, Figures], None]] = {
    "audio": _audio,
    "cluster": _audio_of_a_cluster,
    "lists": _lists,
    "rtp": _rtp,
    "idle": _idle,
    "node": _node,
    "keys": _keys,
    "check": _check,
}


@contextmanager
def _cluster() -> Iterator[Redis]:
    """Start a cluster of three masters with a replica each, and have all use it."""
    with tempfile.TemporaryDirectory(prefix="earshot-sizing-") as directory:
        cluster = Cluster(Path(directory))
        try:
            cluster.start()
            nodes = [(one, "master" if one.is_master else "replica") for one in cluster.nodes]
            pids = {
                f"{kind} {number}": int(one.info("server")["process_id"])
                for number, (one, kind) in enumerate(nodes)
            }
            with state.redis_at(cluster.url):
                yield Redis([one.client for one in cluster.masters], pids)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
