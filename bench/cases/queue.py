"""The desk's queue over 100,000 requests: filtered, sorted by time left, its first page and one deep in the walk.

On both databases, with a key of staff; every page is read from the database, nothing comes from memory. The rows are
one real request, written in bulk with other references, times, states and statuses. How many statements a page takes
is counted beside it, in an application of our own over the same database. A page counts its rows as well (`total`):
that one statement grows with what the filter keeps, all others with the page.

The server is on its core, `wrk` on the other, the processes of PostgreSQL where the system puts them.
"""

import asyncio
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import event, insert

from app.core.clock import utcnow
from app.core.db import make_engine
from app.core.ids import new_id
from app.core.settings import Settings, WorkerMode
from app.core.words import STATES
from app.main import create_app
from app.tta.choices import AgencyType
from app.tta.drawing import split
from app.tta.form import RequestForm
from app.tta.models import RequestTopic, TTARequest
from app.tta.plan import new_reference
from app.tta.states import ENDS, Status
from bench.beside import Bench, Skip, address, latencies, rates
from bench.cases.posts import BODY, key_of
from bench.figures import Aim, Figure
from bench.load import Asked
from tests.postgres import PostgreSQL, PostgreSQLUnavailable

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "100000"))
"""Fewer for a first impression: `BENCH_REQUESTS=2000 make bench ARGS="--only queue"`."""
PART = 5_000
FILTERS = {
    "status and state": "status=submitted&status=confirmed&state=TX&state=CA",
    "nobody's": "assignee=none",
}
LIST = "/v1/tta-requests"
DEEP = 0.5
"""How far the deep page is in the walk."""
STATEMENTS = (Aim(most=4),)


def measure(bench: Bench) -> Iterator[Figure]:
    """Ask for both pages of each filter, on both databases."""
    for name, place in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with place(bench) as url:
            asyncio.run(fill(url, REQUESTS))
            key = key_of(bench, url, "staff")
            with bench.ours(url, APP_WORKER="none") as server:
                for title, filters in FILTERS.items():
                    pages = asyncio.run(_pages(server.url, key, filters))
                    for which, path in pages.items():
                        asked = Asked(path, {"X-Api-Key": key})
                        rounds = bench.turns({"ours": server}, "queue", asked)
                        told = f"Queue of {REQUESTS:,}, {title}, {which} page, {name}"
                        yield rates(told, rounds, (Aim(),))
                        yield latencies(told, rounds, (Aim(),))
                        count = asyncio.run(statements(url, key, path))
                        yield Figure(f"{told}: statements", "", {"ours": [count]}, STATEMENTS)


def rows(count: int, seed: int = 1) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Requests of the last year, each with its topic."""
    chance, now = random.Random(seed), utcnow()
    statuses, states, types = list(Status), sorted(STATES), list(AgencyType)
    said, _personal = split(RequestForm.model_validate_json(BODY).model_dump(mode="json"))
    empty = dict.fromkeys(column.name for column in TTARequest.__table__.columns)
    for number in range(count):
        id_, received = new_id(), now - timedelta(seconds=chance.randrange(365 * 86_400))
        status = chance.choice(statuses)
        kept = status is not Status.SUBMITTED
        yield (
            {
                **empty, "id": id_, "reference": new_reference(received.year), "form_version": "1.1", "status": status,
                "received_at": received, "updated_at": received, "due_at": received + timedelta(hours=36), "told": 0,
                "met_at": received + timedelta(hours=5) if kept else None,
                "next_step_at": None if kept or status in ENDS else received + timedelta(hours=18),
                "agency_name": f"Police Department {number}", "agency_key": f"police department {number}",
                "agency_type": chance.choice(types), "state": chance.choice(states),
                "search": f"police department {number}", "asked": said, "digest": "0" * 64,
                "receipt": "x" * 600,
            },
            {"request_id": id_, "topic": "cit-training"},
        )  # fmt: skip


async def fill(url: str, count: int) -> None:
    """Write so many requests, some thousands at a time."""
    engine, made = make_engine(url, pool=1), rows(count)
    for start in range(0, count, PART):
        part = [next(made) for _ in range(min(PART, count - start))]
        async with engine.begin() as connection:
            await connection.execute(insert(TTARequest), [request for request, _ in part])
            await connection.execute(insert(RequestTopic), [topic for _, topic in part])
    if engine.dialect.name == "postgresql":
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.exec_driver_sql("ANALYZE tta_request")
    await engine.dispose()


async def _pages(url: str, key: str, filters: str) -> dict[str, str]:
    """The path of the first page, and of the page that lies deep in the walk."""
    first = f"{LIST}?{filters}&sort=due_at&limit=50"
    path = f"{LIST}?{filters}&sort=due_at&limit=200"
    async with httpx.AsyncClient(base_url=url, headers={"X-Api-Key": key}, timeout=60) as client:
        seen: set[UUID] = set()
        while True:
            page = (await client.get(path)).raise_for_status().json()
            ids = {UUID(item["id"]) for item in page["items"]}
            if seen & ids:
                raise RuntimeError("the walk came back to a request")
            seen |= ids
            following = page["links"]["next"]
            if following is None or len(seen) >= page["total"] * DEEP:
                return {"first": first, "deep": path.replace("limit=200", "limit=50")}
            path = following


async def statements(url: str, key: str, path: str) -> int:
    """How many statements a page takes, once its key is known."""
    sent: list[str] = []
    counts = []
    app = create_app(Settings(database_url=SecretStr(url), worker=WorkerMode.NONE, log_level="error"))
    engine = app.app.state.database.reader.sync_engine  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"X-Api-Key": key}) as client:
        (await client.get(path)).raise_for_status()
        event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: sent.append(statement))
        for _ in range(3):  # a key is looked up again now and then; a slow machine may meet that once
            (await client.get(path)).raise_for_status()
            counts.append(sum(not statement.startswith("BEGIN") for statement in sent))
            sent.clear()
    await app.app.state.database.close()  # type: ignore[attr-defined]
    return min(counts)


@contextmanager
def _sqlite(bench: Bench) -> Iterator[str]:
    yield address(bench.folder / shutil.copy(bench.store.real.ours, bench.folder / "queue.sqlite3"))


@contextmanager
def _postgresql(bench: Bench) -> Iterator[str]:
    try:
        with PostgreSQL(durable=True, private=True) as server:
            url = server.create_database("queue")
            bench.store.real.publish(url)
            yield url
    except PostgreSQLUnavailable as reason:
        raise Skip(str(reason)) from None
