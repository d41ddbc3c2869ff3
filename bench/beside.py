"""Servers side by side, asked in turns: ours, a bare one that sends our bytes, the textbook application."""

import http.client
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import bare
from bench.data import Data, Store
from bench.figures import Aim, Figure
from bench.load import Asked, Load, Measured
from bench.machine import Server, free_port, serving

READY = "/v1/learning-sites"
LIMITS = "anonymous=100000000/60,intake=100000000/60,partner=100000000/60,staff=100000000/60"
"""All requests come from one address; they are counted as ever, and none is refused."""
Servers = Mapping[str, Server]


class Skip(Exception):
    """A case cannot be measured here; says why."""


@dataclass
class Bench:
    """What a case has at hand."""

    folder: Path
    store: Store
    load: Load
    rounds: int
    seconds: int

    @contextmanager
    def ours(self, database: Path | str, ready: str = READY, **settings: str) -> Iterator[Server]:
        """Our server, as it is shipped but for `settings`, over a file of SQLite or the address of a database."""
        port = free_port()
        command = [sys.executable, "-m", "app.cli", "serve"]
        env = {"APP_DATABASE_URL": address(database), "APP_PORT": str(port), "APP_LIMITS": LIMITS, **settings}
        with serving("ours", command, folder=self.folder, env=env, ready=ready, port=port) as server:
            yield server

    @contextmanager
    def textbook(self, database: Path | str, ready: str = READY) -> Iterator[Server]:
        """The textbook application; uvicorn chooses uvloop and httptools by itself."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "bench.textbook.main:create_app", "--factory", "--no-access-log"]
        command += ["--port", str(port), "--log-level", "warning"]
        env = {"TEXTBOOK_DATABASE_URL": address(database, "+aiosqlite")}
        with serving("textbook", command, folder=self.folder, env=env, ready=ready, port=port) as server:
            yield server

    @contextmanager
    def bare(self, prepared: Mapping[str, bare.Prepared]) -> Iterator[Server]:
        """A bare server that sends prepared answers."""
        port, file = free_port(), self.folder / "bare.json"
        bare.write(file, prepared)
        command = [sys.executable, "-m", "bench.bare", str(file), str(port)]
        with serving("bare", command, folder=self.folder, env={}, ready="/ready", port=port) as server:
            yield server

    @contextmanager
    def beside(self, data: Data, asked: Mapping[str, Asked]) -> Iterator[tuple[Servers, Mapping[str, Asked]]]:
        """All three over the same data, with what they are asked; the bare one knows our answers to it.

        A condition is filled in with the tag that our server gives.
        """
        with ExitStack() as stack:
            ours = stack.enter_context(self.ours(data.ours))
            textbook = stack.enter_context(self.textbook(data.textbook))
            fetch(ours, Asked("/v1/search?q=crisis"))  # its index is made beside the first answers: that is over now
            tagged = {name: _with_tag(ours, each) for name, each in asked.items()}
            prepared = {f"/{name}{each.path.partition('?')[0]}": fetch(ours, each) for name, each in tagged.items()}
            refused = {name: answer.status for name, answer in prepared.items() if answer.status not in (200, 304)}
            if refused:
                raise Skip(f"our server does not answer: {refused}")
            server = stack.enter_context(self.bare(prepared))
            yield {"ours": ours, "bare": server, "textbook": textbook}, tagged

    def turns(self, servers: Servers, name: str, asked: Asked) -> dict[str, list[Measured]]:
        """Warm up, then ask each server in turn, round after round."""
        of = {who: asked.at(f"/{name}") if who == "bare" else asked for who in servers}
        lasting = {who: self.load.warm(server, of[who], self.seconds) for who, server in servers.items()}
        rounds: dict[str, list[Measured]] = {who: [] for who in servers}
        for _ in range(self.rounds):
            for who, server in servers.items():
                _until_idle(servers.values())
                rounds[who].append(self.load.round(server, of[who], lasting[who]))
        return rounds


def address(database: Path | str, driver: str = "") -> str:
    """The address of a database; a path is a file of SQLite."""
    return database if isinstance(database, str) else f"sqlite{driver}:///{database}"


def _until_idle(servers: Collection[Server]) -> None:
    """Wait until no server works on what the last round left behind: they share a core, and the slow one goes on for
    seconds with requests that nobody waits for any more."""
    quiet = 0
    while quiet < 2:
        before = [server.cpu() for server in servers]
        time.sleep(0.1)
        # A worker inside ours looks now and then: a hundredth of a second is no work.
        busy = any(server.cpu() - used > 0.02 for server, used in zip(servers, before, strict=True))
        quiet = 0 if busy else quiet + 1


def rates(title: str, rounds: Mapping[str, Sequence[Measured]], aims: Sequence[Aim]) -> Figure:
    """Answers a second, round by round."""
    size = {who: round(measured[0].bytes / measured[0].requests) for who, measured in rounds.items()}
    values = {who: [each.rate for each in measured] for who, measured in rounds.items()}
    cost = {
        who: sum(m.cpu for m in measured) / sum(m.requests for m in measured) * 1e6 for who, measured in rounds.items()
    }
    return Figure(title, "answers/s", values, aims, {"bytes_per_answer": size, "cpu_us_per_answer": cost})


def latencies(title: str, rounds: Mapping[str, Sequence[Measured]], aims: Sequence[Aim]) -> Figure:
    """The 99th percentile of the latency under that load, round by round."""
    values = {who: [each.p99 for each in measured] for who, measured in rounds.items()}
    longest = {who: max(each.longest for each in measured) for who, measured in rounds.items()}
    return Figure(f"{title}, p99", "ms", values, aims, {"longest_ms": longest})


def fetch(server: Server, asked: Asked) -> bare.Prepared:
    """One answer as it is sent, without the date, which uvicorn adds by itself.

    It is waited for patiently: the first search makes the index.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    try:
        connection.putrequest("GET", asked.path, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        headers = [(name.lower(), value) for name, value in answer.getheaders() if name.lower() != "date"]
        return bare.Prepared(answer.status, headers, answer.read())
    finally:
        connection.close()


def _with_tag(server: Server, asked: Asked) -> Asked:
    if "If-None-Match" not in asked.headers:
        return asked
    tag = dict(fetch(server, Asked(asked.path)).headers)["etag"]
    return Asked(asked.path, {**asked.headers, "If-None-Match": tag}, asked.paths)
