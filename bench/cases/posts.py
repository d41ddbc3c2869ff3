"""Requests for TTA that are posted and kept, at 16 clients: on SQLite, and on a PostgreSQL of our own that is durable.

Beside the database's own commits of one row each (`bench.commits`), and beside the textbook application, which keeps
the same body in one row. Ours keeps request, contact, topics, event, notice and the idempotency key with its answer.

Where everything runs: each server, and the program that commits by itself, on the server's core; `wrk` on the other;
the processes of PostgreSQL wherever the system puts them, on the one core or the other, for all alike. The worker,
which writes the letters and numbers the events, runs apart under load; here it does not run. `inside` is our server as
it is shipped, with the worker in the same process. Each server stands still while another is measured, or that worker
would go on with its letters at the cost of the others.

After each round it is counted: what was answered 201 is stored, each part of it once. What was in flight when a round
ended may be stored as well; that is one request for each connection at most.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.core.db import make_engine
from bench.beside import Bench, Skip, address, latencies, rates
from bench.figures import Aim, Figure
from bench.load import Asked, Measured
from bench.machine import SERVER_CORE, Server, environment, settle
from bench.textbook.fill import fill
from tests.postgres import PostgreSQL, PostgreSQLUnavailable

CLIENTS = 16
PATH = "/v1/tta-requests"
BODY = json.dumps(
    {
        "contact": {
            "name": "Jo Doe", "title": "Training sergeant", "email": "jo.doe@springfield.gov", "phone": "410-555-0100",
        },
        "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL"},
        "kind": "start",
        "topics": ["cit-training", "policies-and-procedures"],
        "description": "We want to begin CIT training and would like to see how a city of our size did it. Case @@.",
        "external_ref": "@@",
    }
)  # fmt: skip
TEXTBOOK = ("SELECT count(*) FROM tta_request",)
OURS = (
    *TEXTBOOK,
    "SELECT count(*) FROM tta_contact",
    "SELECT count(*) FROM event WHERE type = 'tta.submitted'",
    "SELECT count(*) FROM notice WHERE kind = 'tta.receipt'",
    "SELECT count(*) FROM idempotency_key",
)
RATE = {
    "SQLite": (Aim("textbook", least=3), Aim("commits", least=0.4), Aim("inside"), Aim("anonymous")),
    "PostgreSQL": (Aim("textbook", least=3), Aim("commits", least=0.2), Aim("inside"), Aim("anonymous")),
}
P99 = (Aim(), Aim("textbook"))


@dataclass
class Entrant:
    """A server, its database, and what was answered 201 so far."""

    server: Server
    url: str
    parts: tuple[str, ...]
    key: str = ""
    answered: int = 0
    rounds: int = 0

    def check(self, measured: Measured, rounds: int) -> None:
        """What was answered is stored, and each part of it once."""
        self.answered += measured.requests
        self.rounds += rounds
        counts = asyncio.run(_counts(self.url, self.parts))
        if len(set(counts)) != 1 or not self.answered <= counts[0] <= self.answered + CLIENTS * self.rounds:
            raise RuntimeError(f"{self.server.name}: {self.answered} requests were answered 201, {counts} are stored")


@dataclass
class Place:
    """A kind of database: where ours, ours with the worker inside, the textbook's, and bare commits are kept."""

    ours: Path | str
    inside: Path | str
    textbook: Path | str
    commits: Path | str


def measure(bench: Bench) -> Iterator[Figure]:
    """Post to each in turn, round after round."""
    for name, places in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with places(bench) as place, ExitStack() as stack:
            ours = stack.enter_context(bench.ours(place.ours, APP_WORKER="none"))
            inside = stack.enter_context(bench.ours(place.inside))
            textbook = stack.enter_context(bench.textbook(place.textbook))
            entrants = {
                "ours": Entrant(ours, address(place.ours), OURS, key_of(bench, place.ours)),
                "inside": Entrant(inside, address(place.inside), OURS, key_of(bench, place.inside)),
                "textbook": Entrant(textbook, address(place.textbook), TEXTBOOK),
            }
            rounds = _turns(bench, place, entrants)
        yield rates(f"Durable posts, {name}", rounds, RATE[name])
        yield latencies(f"Durable posts, {name}", rounds, P99)


def _turns(bench: Bench, place: Place, entrants: dict[str, Entrant]) -> dict[str, list[Measured]]:
    """Warm up, then each in turn."""
    rounds: dict[str, list[Measured]] = {name: [] for name in ("ours", "commits", "textbook", "anonymous", "inside")}
    for entrant in entrants.values():
        entrant.server.rest()
    for number in range(bench.rounds + 1):  # the first warms up
        for name, taken in rounds.items():
            if name == "commits":
                measured = _commits(place.commits, bench.seconds)
            else:
                entrant = entrants.get(name, entrants["ours"])
                measured = _round(bench, entrant, "" if name == "anonymous" else entrant.key)
            if number:
                taken.append(measured)
    return rounds


def _round(bench: Bench, entrant: Entrant, key: str) -> Measured:
    headers = {"Idempotency-Key": "@@", **({"X-Api-Key": key} if key else {})}
    entrant.server.wake()
    before = bench.load.posted
    measured = bench.load.round(
        entrant.server, Asked(PATH, headers, body=BODY, connections=CLIENTS), bench.seconds
    )  # fmt: skip
    entrant.check(measured, bench.load.posted - before)
    entrant.server.rest()
    return measured


def _commits(database: Path | str, seconds: int) -> Measured:
    command = [sys.executable, "-m", "bench.commits", str(database), "--body", BODY]
    command += ["--connections", str(CLIENTS), "--seconds", str(seconds)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(), preexec_fn=settle(SERVER_CORE)
    )  # fmt: skip
    return Measured(**json.loads(done.stdout))


@contextmanager
def _sqlite(bench: Bench) -> Iterator[Place]:
    textbook = bench.folder / "posts-textbook.sqlite3"
    asyncio.run(fill(f"sqlite+aiosqlite:///{textbook}", {}))
    files = [bench.folder / f"posts-{name}.sqlite3" for name in ("ours", "inside")]
    for file in files:
        shutil.copy(bench.store.real.ours, file)
    yield Place(*files, textbook, bench.folder / "posts-commits.sqlite3")


@contextmanager
def _postgresql(bench: Bench) -> Iterator[Place]:
    try:
        with PostgreSQL(durable=True, private=True) as server:
            ours, inside, textbook, commits = map(server.create_database, ("ours", "inside", "textbook", "commits"))
            for url in (ours, inside):
                bench.store.real.publish(url)
            textbook = textbook.replace("postgresql:", "postgresql+asyncpg:").replace("sslmode=", "ssl=")
            asyncio.run(fill(textbook, {}))
            yield Place(ours, inside, textbook, commits)
    except PostgreSQLUnavailable as reason:
        raise Skip(str(reason)) from None


def key_of(bench: Bench, database: Path | str, role: str = "partner") -> str:
    """A key in a database of ours."""
    command = [sys.executable, "-m", "app.cli", "keys", "create", "--role", role, "--name", "Bench"]
    env = environment(APP_DATABASE_URL=address(database), APP_LOG_LEVEL="error")
    done = subprocess.run(command, env=env, cwd=bench.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


async def _counts(url: str, statements: tuple[str, ...]) -> list[int]:
    """All of them in one statement, so of one instant."""
    engine = make_engine(url, pool=1)
    async with engine.connect() as connection:
        row = (await connection.execute(text(f"SELECT {', '.join(f'({one})' for one in statements)}"))).one()
    await engine.dispose()
    return list(row)
