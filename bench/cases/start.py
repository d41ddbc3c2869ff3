"""Cold start: from the start of the process to its first answer of 200, over the real content."""

from collections.abc import Iterator

from bench.beside import READY, Bench, fetch
from bench.figures import Aim, Figure
from bench.load import Asked


def measure(bench: Bench) -> Iterator[Figure]:
    """Start each server several times, in turns; the files are in the system's cache."""
    data = bench.store.real
    values: dict[str, list[float]] = {"ours": [], "bare": [], "textbook": []}
    with bench.ours(data.ours) as server:
        prepared = {READY: fetch(server, Asked(READY))}
    for _ in range(bench.rounds + 1):
        for name, start in (
            ("ours", lambda: bench.ours(data.ours)),
            ("bare", lambda: bench.bare(prepared)),
            ("textbook", lambda: bench.textbook(data.textbook)),
        ):
            with start() as server:
                values[name].append(server.started_in)
    warm = {name: seconds[1:] for name, seconds in values.items()}
    yield Figure("Start to first answer", "s", warm, (Aim(most=1.5), Aim("textbook")))
