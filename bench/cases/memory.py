"""Resident memory after load: real content, 10,000 learning sites, 10,000 topics beside them."""

from collections.abc import Iterator

from bench.beside import Bench, fetch
from bench.cases.cached import READS
from bench.cases.filtered import questions, write
from bench.figures import Aim, Figure
from bench.load import Asked
from bench.machine import Server


def measure(bench: Bench) -> Iterator[Figure]:
    """Start, ask for everything that is measured elsewhere, and look."""
    paths = write(bench.folder / "memory.txt", questions())
    store = bench.store
    for title, data, aims in (
        ("Memory, real content", store.real, (Aim(most=150),)),
        ("Memory, 10,000 sites", store.sites, (Aim(most=200),)),
        ("Memory, 10,000 sites and topics", store.both, (Aim(),)),
    ):
        values = {}
        for name, serve, database in (
            ("ours", bench.ours, data.ours),
            ("textbook", bench.textbook, data.textbook),
        ):
            with serve(database) as server:
                values[name] = [_after_load(bench, server, Asked("/v1/learning-sites", paths=paths))]
        yield Figure(title, "MB", values, aims)


def _after_load(bench: Bench, server: Server, uncached: Asked) -> float:
    for name in ("sites", "gzip"):
        bench.load.round(server, READS[name][1], 1)
    bench.load.round(server, uncached, bench.seconds)
    searched = Asked("/v1/search?q=crisis")
    if fetch(server, searched).status == 200:
        bench.load.round(server, searched, 1)
    return server.memory()
