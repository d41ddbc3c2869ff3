"""What a database does by itself: one row inserted and committed at a time, by a program that does nothing else.

SQLite: one connection, `BEGIN IMMEDIATE`, insert, commit, with our journal and `synchronous=FULL`; writes pass through
one connection at a time whoever sends them. PostgreSQL: so many connections, each one insert and its commit at a time.
Reports as the load does.
"""

import argparse
import asyncio
import json
import sqlite3
import time

import asyncpg
import uvloop

from app.core.db import SQLITE_PRAGMAS

TABLE = "CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY {}, body TEXT NOT NULL)"


def sqlite(file: str, body: str, seconds: float) -> list[float]:
    """Commit for so long; the time that each took."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(TABLE.format(""))
    took = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO kept (body) VALUES (?)", (body,))
        connection.execute("COMMIT")
        took.append(time.perf_counter() - began)
    connection.close()
    return took


async def postgresql(url: str, body: str, connections: int, seconds: float) -> list[float]:
    """Commit for so long, on each connection; the time that each took."""
    made = [await asyncpg.connect(url) for _ in range(connections)]
    await made[0].execute(TABLE.format("GENERATED ALWAYS AS IDENTITY"))
    took = []
    until = time.perf_counter() + seconds

    async def insert(connection: asyncpg.Connection) -> None:
        statement = await connection.prepare("INSERT INTO kept (body) VALUES ($1)")
        while (began := time.perf_counter()) < until:
            await statement.fetch(body)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(insert(connection) for connection in made))
    for connection in made:
        await connection.close()
    return took


def main() -> None:
    """Commit, and tell how it went."""
    parser = argparse.ArgumentParser(prog="python -m bench.commits", description=__doc__)
    parser.add_argument("url", help="`postgresql://…`, or a file of SQLite")
    parser.add_argument("--body", required=True, help="what each row holds")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    chosen = parser.parse_args()
    if chosen.url.startswith("postgresql"):
        took = uvloop.run(postgresql(chosen.url, chosen.body, chosen.connections, chosen.seconds))
    else:
        took = sqlite(chosen.url, chosen.body, chosen.seconds)
    took.sort()
    told = {
        "requests": len(took), "seconds": chosen.seconds, "bytes": len(took) * len(chosen.body), "errors": 0,
        "p50": took[len(took) // 2] * 1000, "p99": took[int(len(took) * 0.99)] * 1000, "longest": took[-1] * 1000,
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
