"""Finished public answers over the real content: as they are, compressed, not modified."""

from collections.abc import Iterator

from bench.beside import Bench, latencies, rates
from bench.figures import Aim, Figure
from bench.load import Asked

READS = {
    "sites": ("List of learning sites", Asked("/v1/learning-sites")),
    "section": ("Section with its topics", Asked("/v1/sections/learning?include=topics")),
    "toolkit": ("Whole toolkit", Asked("/v1/toolkit")),
    "condition": ("Conditional read, 304", Asked("/v1/learning-sites", {"If-None-Match": "its tag"})),
    "gzip": ("List of learning sites, gzip", Asked("/v1/learning-sites", {"Accept-Encoding": "gzip"})),
}
RATE = (Aim("bare", least=0.85), Aim("textbook", least=80))
P99 = (Aim("bare", most=2),)


def measure(bench: Bench) -> Iterator[Figure]:
    """Ask the same again and again."""
    with bench.beside(bench.store.real, {name: asked for name, (_, asked) in READS.items()}) as (servers, asked):
        for name, (title, _) in READS.items():
            rounds = bench.turns(servers, name, asked[name])
            yield rates(title, rounds, RATE)
            yield latencies(title, rounds, P99)
