"""``python -m bench.cluster``: see ``--help``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench.cluster.floor import USER, ClusterFloor, Size
from monitor.servers.children import LaunchError

LOOK_EVERY = 0.5  # seconds


def main() -> int:
    """Start the floor, and wait for its end; return the exit status."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # ignored in what a shell starts in the background
    size = Size(options.workers, options.calls)
    with tempfile.TemporaryDirectory(prefix="earshot-cluster-") as directory:
        print("Starting: PostgreSQL, Valkeys, workers, nginx, calls, Prometheus…", flush=True)
        try:
            with ClusterFloor(Path(directory), size) as floor:
                _say(floor)
                _watch(floor, options.seconds)
        except LaunchError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            pass
    print("Everything has ended.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/cluster",
        description="Start a whole floor on this machine: nginx, PostgreSQL, a Valkey Cluster, web "
        "workers, two rtptaps, simulated calls and Prometheus. Ctrl-C ends everything.",
    )
    parser.add_argument("--workers", type=int, default=Size.workers, help="web workers (4)")
    parser.add_argument("--calls", type=int, default=Size.calls, help="calls at once (60)")
    parser.add_argument(
        "--for", dest="seconds", type=float, metavar="SECONDS", help="end after so many seconds"
    )
    return parser.parse_args()


def _say(floor: ClusterFloor) -> None:
    workers = ", ".join(f"{name} at {port}" for name, port in floor.workers.items())
    print(f"""
Earshot runs at {floor.url} (its certificate is its own)
  sign in as {USER!r}, password {floor.password}
Prometheus:  {floor.prometheus}/alerts
Workers:     {workers}; each has /healthz, /readyz and /metrics
Logs are in {floor.directory} until the end. Ctrl-C ends everything.
""")
    sys.stdout.flush()


def _watch(floor: ClusterFloor, seconds: float | None) -> None:
    """Return after so many seconds, if any are given. Raises LaunchError if a part has ended."""
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        floor.check()
        time.sleep(LOOK_EVERY)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal must not leave a part behind.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
