"""Whether readers notice that an edition is published: the cached list, second by second, while `pmhc load` runs.

The load and `pmhc load` share a core, where the load goes first. The same is measured beside it while `pmhc load
--check` runs, which does the same work and publishes nothing: what differs is what publishing does to the server.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.beside import Bench
from bench.data import Data
from bench.figures import Aim, Figure
from bench.generate import Documents
from bench.load import Asked, Measured
from bench.machine import LOAD_CORE, Server, environment, settle, stop

LIST = Asked("/v1/learning-sites")
CHANGED = ("learning-site", "houston-police-department")
RATE = (Aim("undisturbed", least=0.9),)
P99 = (Aim("undisturbed", most=2),)


@dataclass(frozen=True)
class Change:
    """Exports to load one after the other, each of which changes something."""

    title: str
    exports: list[Path]


def measure(bench: Bench) -> Iterator[Figure]:
    """Load each export, once only checking and once publishing, and look at each second of it."""
    real, sites = bench.store.real, bench.store.sites
    small = [real.export_as(f"small-{n}", _retitled(real, n)) for n in range(bench.rounds)]
    for change in (
        Change("Cached list while one item changes", small),
        Change("Cached list while 10,000 items come or go", [sites.export, real.export]),
    ):
        database = real.copy()
        rates: dict[str, list[float]] = {"ours": [], "undisturbed": []}
        slowest: dict[str, list[float]] = {"ours": [], "undisturbed": []}
        course: list[dict[str, Any]] = []
        with bench.ours(database) as server:
            bench.load.round(server, LIST, 1)
            for export in change.exports:
                for name, options in (("undisturbed", ["--check"]), ("ours", [])):
                    seconds = _meanwhile(bench, server, database, [str(export), *options])
                    rates[name].append(sum(each.rate for each in seconds) / len(seconds))
                    slowest[name].append(max(each.p99 for each in seconds))
                    course.append({"while": name, "rate": [each.rate for each in seconds]})
                    course[-1]["longest_ms"] = [each.longest for each in seconds]
        yield Figure(change.title, "answers/s", rates, RATE, {"second_by_second": course})
        yield Figure(f"{change.title}, p99 of the worst second", "ms", slowest, P99)


def _retitled(data: Data, number: int) -> Documents:
    """The same content with another title on one item."""
    item = json.loads(data.documents[CHANGED])
    item["title"] = f"Houston Police Department, take {number}"
    return {**data.documents, CHANGED: json.dumps(item, ensure_ascii=False, separators=(",", ":"))}


def _meanwhile(bench: Bench, server: Server, database: Path, arguments: list[str]) -> list[Measured]:
    """The list asked in rounds of a second for as long as `pmhc load` runs, and until the edition must be shown."""
    command = [sys.executable, "-m", "app.cli", "load", *arguments]
    env = environment(APP_DATABASE_URL=f"sqlite:///{database}", APP_LOG_LEVEL="error")
    load = subprocess.Popen(
        command, cwd=bench.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=settle(LOAD_CORE, nice=10),  # noqa: PLW1509 - no threads here
    )  # fmt: skip
    try:
        seconds = []
        while load.poll() is None:
            seconds.append(bench.load.round(server, LIST, 1))
        # Another process's edition is seen within a second, and 10,000 items take a moment to take up.
        seconds += [bench.load.round(server, LIST, 1) for _ in range(3)]
        if load.returncode:
            raise RuntimeError(f"pmhc load failed: {load.stderr.read().decode() if load.stderr else ''}")
        return seconds
    finally:
        stop(load)
        if load.stderr:
            load.stderr.close()
