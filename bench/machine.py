"""Processes on a core of their own: servers on the first, everything that asks them on the last.

Every server listens on loopback, dies with us (Linux tells it of our death), and is stopped when its block ends.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORES: list[int] = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORE = CORES[0] if len(CORES) > 1 else None
LOAD_CORE = CORES[-1] if len(CORES) > 1 else None
START_SECONDS = 60.0
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1


def settle(core: int | None, *, nice: int = 0) -> Callable[[], None]:
    """What a child does before it becomes another program: keep to its core, step back, and die when we do."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def run() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if core is not None:
            os.sched_setaffinity(0, {core})
        os.nice(nice)

    return run


def environment(**given: str) -> dict[str, str]:
    """Ours without any setting of the service, and with what is given."""
    # Compiled modules are kept, as everywhere but on machines for development.
    ours = ("APP_", "TEXTBOOK_", "BENCH_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), **given}


@dataclass
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    started_in: float
    """Seconds from the start of its process to its first answer of 200."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Processor seconds it has used; 0 where the system does not tell (only Linux does, by this way)."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        used = stat.read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Stand still, so that what it does by itself costs others nothing while they are measured."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Go on."""
        self.process.send_signal(signal.SIGCONT)

    def memory(self) -> float:
        """Resident megabytes, of the process and its children."""
        told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
        rows = [tuple(map(int, line.split())) for line in told.splitlines()]
        family = {self.process.pid}
        for pid, parent, _ in sorted(rows):
            if parent in family:
                family.add(pid)
        return sum(size for pid, _, size in rows if pid in family) / 1024


@contextmanager
def serving(
    name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str], ready: str, port: int
) -> Iterator[Server]:
    """A server for as long as the block lasts; it is up when `ready` answers 200."""
    with (folder / f"{name}.log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment(**env), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=settle(SERVER_CORE),  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        try:
            _await(process, port, ready, began, folder / f"{name}.log")
            yield Server(name, port, process, time.perf_counter() - began)
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: asked first, then made."""
    if process.poll() is None:
        process.terminate()
        process.send_signal(signal.SIGCONT)  # one that rests hears it only then
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, path: str, began: float, log: Path) -> None:
    while not answers(port, path):
        if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
            told = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise RuntimeError(f"{' '.join(process.args)} did not answer 200 on {path}.\n{told}")  # type: ignore[arg-type]
        time.sleep(0.002)


def answers(port: int, path: str) -> bool:
    """Whether a server answers 200 there, by the shortest way of asking."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12).endswith(b" 200")
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def busy() -> float:
    """Processes that waited for a core in the last minute, on average."""
    return os.getloadavg()[0]
