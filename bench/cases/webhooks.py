"""Webhooks: 1,000 partners with an endpoint each, 50 of them dead, 10,000 events; both databases, one worker and two.

A third of the dead refuse the connection, a third accept and never answer, a third answer 500. Half of the events are
recorded one by one, a transaction each, at a steady rate; the other half comes in one burst, a hundred a transaction.
Each concerns one partner, so it goes to one endpoint. Measured is the time from the end of an event's transaction to
its arrival at a receiver that is well, and what the workers ask of the database and the processor meanwhile. Workers
are `pmhc worker` (see `bench.counted`); they, the receivers, who records and the database share all cores.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.core.beat import Beat
from app.core.db import Database
from app.webhooks.signing import new_secret
from bench.beside import Bench
from bench.counted import prepare, read
from bench.data import migrated
from bench.figures import Aim, Figure
from bench.machine import Server, environment, settle, stop
from bench.partners import Partners
from bench.receivers import receiving
from tests.postgres import PostgreSQL

ENDPOINTS = int(os.environ.get("BENCH_ENDPOINTS", "1000"))
EVENTS = int(os.environ.get("BENCH_EVENTS", "10000"))
"""Fewer for a first impression: `BENCH_ENDPOINTS=60 BENCH_EVENTS=400 make bench ARGS="--only webhooks"`."""
RATE, AT_ONCE = 100, 100
"""Events a second while the rate is steady; events of one transaction in the burst."""
WARM = 100
"""Events before those that are measured."""
STEADY, BURST = f"steady, {RATE}/s", "burst"
P95 = (Aim(most=1000),)
COSTS = {
    "statements": ("statements per event", 1), "transactions": ("transactions per event", 1),
    "seconds": ("time in the database per event, ms", 1000), "cpu": ("processor per event, ms", 1000),
}  # fmt: skip


@dataclass
class Workers:
    """Worker processes, and the files in which they count."""

    processes: list[Server]
    counts: list[Path]

    def used(self) -> dict[str, float]:
        """Statements, transactions, seconds in the database and of the processor, of all of them."""
        told = [read(file) for file in self.counts]
        used = {name: sum(each[name] for each in told) for name in told[0]}
        return {**used, "cpu": sum(process.cpu() for process in self.processes)}


@dataclass
class Phase:
    """What one phase of a run gave."""

    delays: list[float]
    """In milliseconds, sorted."""
    costs: dict[str, float]

    def at(self, share: float) -> float:
        """The delay that this share of the events did not exceed."""
        return self.delays[min(len(self.delays) - 1, int(len(self.delays) * share))]


def measure(bench: Bench) -> Iterator[Figure]:
    """Each database, with one worker and with two."""
    with PostgreSQL(durable=True, private=True) as server:
        for workers in (1, 2):
            for kind in ("SQLite", "PostgreSQL"):
                name = f"hooks_{workers}"
                file = bench.folder / f"{name}.sqlite3"
                url = f"sqlite:///{file}" if kind == "SQLite" else server.create_database(name)
                migrated(url, bench.folder)
                phases, faults = asyncio.run(_run(bench, url, workers))
                title = f"Webhooks, {kind}, {workers} worker{'s' if workers > 1 else ''}"
                yield from figures(title, phases, faults)


def figures(title: str, phases: dict[str, Phase], faults: list[str]) -> Iterator[Figure]:
    """Delays and costs of each phase; and how many events went astray, which must be none."""
    notes = {"endpoints": ENDPOINTS, "events": EVENTS}
    for name, phase in phases.items():
        percentiles = {f"p{round(share * 100)}": phase.at(share) for share in (0.5, 0.95, 0.99, 1.0)}
        aims = P95 if name == STEADY else (Aim(),)
        yield Figure(f"{title}, {name}: delay p95", "ms", {"ours": [phase.at(0.95)]}, aims, {**notes, **percentiles})
        for cost, (told, factor) in COSTS.items():
            yield Figure(f"{title}, {name}: {told}", "", {"ours": [phase.costs[cost] * factor]})
    yield Figure(f"{title}: deliveries lost or astray", "", {"ours": [len(faults)]}, (Aim(most=0),), {"which": faults})


async def _run(bench: Bench, url: str, count: int) -> tuple[dict[str, Phase], list[str]]:
    database, half = Database(url, 5), EVENTS // 2
    async with receiving(new_secret()) as receivers:
        partners = Partners(database, receivers)
        await partners.register(ENDPOINTS)
        with working(bench, url, count) as workers:
            await _ready(database, count)
            # What is done for the first time is not what is done all day: each worker gets something to begin with.
            await partners.arrived(await partners.let_happen(WARM, together=1, rate=RATE))
            steady = await _phase(partners, workers, half, 1, RATE)
            burst = await _phase(partners, workers, half, AT_ONCE, None)
        await database.close()
        return {STEADY: steady, BURST: burst}, receivers.faults


async def _phase(partners: Partners, workers: Workers, events: int, together: int, rate: float | None) -> Phase:
    before = workers.used()
    awaited = await partners.let_happen(events, together=together, rate=rate)
    delays = sorted(await partners.arrived(awaited))
    after = workers.used()
    return Phase(delays, {name: (after[name] - before[name]) / events for name in after})


async def _ready(database: Database, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            async with database.read() as session:
                if (await session.scalar(select(func.count()).select_from(Beat)) or 0) >= count:
                    return
            await asyncio.sleep(0.1)


@contextmanager
def working(bench: Bench, url: str, count: int) -> Iterator[Workers]:
    """So many workers, for as long as the block lasts."""
    made = Workers([], [])
    with ExitStack() as stack:
        for number in range(count):
            counts = prepare(bench.folder / f"worker-{number}.counts")
            log = stack.enter_context((bench.folder / f"worker-{number}.log").open("wb"))
            command = [sys.executable, "-m", "bench.counted", str(counts), "worker"]
            env = environment(APP_DATABASE_URL=url, APP_WEBHOOK_LOOPBACK="1", APP_LOG_LEVEL="error")
            process = subprocess.Popen(
                command, cwd=bench.folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=settle(None),  # noqa: PLW1509 - no threads here
            )  # fmt: skip
            stack.callback(stop, process)
            made.processes.append(Server("worker", 0, process, 0.0))
            made.counts.append(counts)
        yield made
