"""Ear: a sound device that plays to nobody in real time, and a recording of what it plays.

The device is PulseAudio's null sink. What it plays is read from its monitor, so a recording holds
everything that delays the sound in a browser, and the browser's own path to the device.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from bench.sound.chirps import RATE, Samples, decimate
from bench.testbed import end_with_parent

STARTS_WITHIN = 10.0  # seconds
FACTOR = 6
DEVICE_RATE = FACTOR * RATE
#: The device takes audio in pieces of this length, which is the error of a recording's times.
PIECE_MS = 10
READ = 4096  # bytes, more than a piece
FULL_SCALE = 32768


class Recording(NamedTuple):
    """What the device played."""

    samples: Samples  # at RATE, from -1 to 1
    begun: float  # Unix time in seconds: when the first of them was played

    def between(self, first: float, last: float) -> Recording:
        """Return the part between two Unix times."""
        start = max(0, round((first - self.begun) * RATE))
        end = max(start, round((last - self.begun) * RATE))
        return Recording(self.samples[start:end], self.begun + start / RATE)


class Ear:
    """A PulseAudio server with one device. Programs find it by ``env``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "pulse"
        self._directory.mkdir()
        self.socket = self._directory / "socket"
        self.env = {"PULSE_SERVER": f"unix:{self.socket}"}

    def __enter__(self) -> Self:
        home = str(self._directory)
        self._process = subprocess.Popen(
            [
                "pulseaudio",
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                f"--load=module-null-sink sink_name=ear rate={DEVICE_RATE}",
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={self.socket}",
            ],
            env={"HOME": home, "XDG_RUNTIME_DIR": home, "PATH": os.environ["PATH"]},
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )
        until = time.monotonic() + STARTS_WITHIN
        while not self.socket.exists():
            if time.monotonic() > until:
                self.__exit__(None, None, None)
                raise TimeoutError("PulseAudio did not start")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()


class Recorder:
    """Records the device, from entering it to ``stop``."""

    def __init__(self, ear: Ear) -> None:
        self._env = {**os.environ, **ear.env}
        self._pieces: list[bytes] = []
        self._begun: list[float] = []  # when each piece says that the first sample was played

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                "parec",
                "--device=ear.monitor",
                "--format=s16le",
                f"--rate={DEVICE_RATE}",
                "--channels=1",
                f"--latency-msec={PIECE_MS}",
            ],
            env=self._env,
            stdout=subprocess.PIPE,
            bufsize=0,
            preexec_fn=end_with_parent,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._thread.join()

    def stop(self) -> Recording:
        """Stop, and return what was recorded."""
        self.__exit__(None, None, None)
        samples = np.frombuffer(b"".join(self._pieces), dtype="<i2")
        return Recording(
            decimate(samples, FACTOR) / FULL_SCALE, float(np.quantile(self._begun, 0.1))
        )

    def _read(self) -> None:
        """Read pieces as the device plays them.

        A piece is handed out when its first sample is played. It may be read later, but not sooner.
        """
        output = self._process.stdout
        assert output
        count = 0
        while piece := output.read(READ):
            self._begun.append(time.time() - count / (2 * DEVICE_RATE))
            self._pieces.append(piece)
            count += len(piece)
