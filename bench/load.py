"""Asking as fast as the answers come: connections kept alive, by `wrk`, or by our own client where there is none."""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import LOAD_CORE, Server, environment, settle
from bench.progress import say

CONNECTIONS = 32
LONGEST = 15
"""Seconds of the longest round."""
HERE = Path(__file__).parent
NO_WRK = "wrk was not found. `apt-get install wrk` or `brew install wrk` gives steadier figures; using our own client."


@dataclass(frozen=True)
class Asked:
    """A request that is asked over and over; with `paths`, each time for another path of that file.

    With a `body` it is posted, and must be answered 201; each `@@` in body and headers is another text each time.
    """

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    paths: Path | None = None
    body: str = ""
    connections: int = CONNECTIONS

    def at(self, prefix: str) -> "Asked":
        """The same one behind a prefix, and always for the one path."""
        return Asked(prefix + self.path, self.headers)


@dataclass(frozen=True)
class Measured:
    """What a round gave; latencies in milliseconds."""

    requests: int
    seconds: float
    bytes: int
    errors: int
    p50: float
    p99: float
    longest: float
    cpu: float = 0.0
    """Processor seconds that the server used meanwhile."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def find_wrk() -> str | None:
    """The program, fetched where that takes one command and nobody's permission."""
    found = shutil.which("wrk")
    if not found and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing wrk …")
        subprocess.run(["apt-get", "install", "--yes", "-qq", "wrk"], capture_output=True, check=False)
        found = shutil.which("wrk")
    if not found:
        say(NO_WRK)
    return found


class Load:
    """Puts load on servers, from the other core."""

    def __init__(self, wrk: str | None) -> None:
        """Use that program, or our own client."""
        self.wrk = wrk
        self._lines: dict[Path, int] = {}
        self.posted = 0
        """Rounds of posting so far, those included that had to be repeated because nothing was answered in time."""

    @property
    def name(self) -> str:
        """What asks."""
        return "wrk" if self.wrk else "bench.client"

    def round(self, server: Server, asked: Asked, seconds: float) -> Measured:
        """One round, longer where nothing was answered; a list of paths goes on where the last round left it."""
        start = self._lines.get(asked.paths, 0) if asked.paths else 0
        listed = {"BENCH_PATHS": str(asked.paths), "BENCH_LINE": str(start)} if asked.paths else {}
        if asked.body:
            self.posted += 1  # no two rounds send the same
            listed |= {"BENCH_BODY": asked.body, "BENCH_ROUND": f"{os.getpid()}-{self.posted}"}
        used = server.cpu()
        done = subprocess.run(
            self._command(server.port, asked, seconds), capture_output=True, text=True, check=False,
            timeout=seconds + 90, env=environment(**listed), preexec_fn=settle(LOAD_CORE),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.name} failed: {done.stderr or done.stdout}")
        measured = Measured(**json.loads(done.stdout.strip().splitlines()[-1]), cpu=server.cpu() - used)
        if asked.paths:
            self._lines[asked.paths] = start + measured.requests
        if not measured.requests and not measured.errors and seconds < LONGEST:
            return self.round(server, asked, min(LONGEST, seconds * 4))
        if (status := server.process.poll()) is not None:
            raise RuntimeError(f"{asked.path}: the server {server.name!r} ended with status {status} under load")
        if measured.errors or not measured.requests:
            raise RuntimeError(f"{asked.path}: {measured.errors} of {measured.requests} requests failed")
        return measured

    def warm(self, server: Server, asked: Asked, seconds: int) -> int:
        """Ask until the server is warm; answer how long a round of it must last.

        A slow server gets rounds in which each connection is answered some four times: in a shorter one, what is
        still in flight at its end would count against it.
        """
        rate = self.round(server, asked, 1).rate
        return max(seconds, min(LONGEST, math.ceil(4 * asked.connections / rate)))

    def _command(self, port: int, asked: Asked, seconds: float) -> Sequence[str]:
        url = f"http://127.0.0.1:{port}{asked.path}"
        headers = [part for name, value in asked.headers.items() for part in ("-H", f"{name}: {value}")]
        if self.wrk is None:
            options = ["--connections", str(asked.connections), "--seconds", str(seconds)]
            return [sys.executable, "-m", "bench.client", *options, *headers, url]
        options = ["-t1", f"-c{asked.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        return [self.wrk, *options, *headers, "-s", str(HERE / "load.lua"), url]
