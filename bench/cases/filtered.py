"""A filtered list over 10,000 learning sites, another question each time, so that nothing is answered from a cache."""

import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from app.core.words import STATES
from app.sites.content import Setting, SiteKind, SizeBand
from bench.beside import Bench, fetch, latencies, rates
from bench.figures import Aim, Figure
from bench.load import Asked
from bench.machine import Server

QUESTIONS = 40_000
TITLE = "Filtered list over 10,000, uncached"
SORTS = ("title", "-title", "state", "-state", "cohort", "-cohort")
AIMS = (Aim("textbook", least=20), Aim("bare"))


def questions(seed: int = 1) -> list[str]:
    """Filters × orders × offsets, 50 items a page, each question once."""
    chance = random.Random(seed)
    filters = {
        "state": sorted(STATES), "kind": list(SiteKind), "setting": list(Setting), "size": list(SizeBand),
    }  # fmt: skip
    asked: dict[str, None] = {}
    while len(asked) < QUESTIONS:
        chosen = {name: chance.choice(filters[name]) for name in chance.sample(sorted(filters), chance.randint(1, 2))}
        rest = {"sort": chance.choice(SORTS), "limit": 50, "offset": chance.randrange(0, 200)}
        asked[f"/v1/learning-sites?{urlencode({**chosen, **rest})}"] = None
    return list(asked)


def measure(bench: Bench) -> Iterator[Figure]:
    """Ask something else each time."""
    paths = write(bench.folder / "filtered.txt", questions())
    data = bench.store.sites
    with bench.ours(data.ours) as server:
        usual = typical(server, paths)
    with bench.beside(data, {"filtered": Asked(usual)}) as (servers, _):
        rounds = bench.turns(servers, "filtered", Asked(usual, paths=paths))
    yield rates(TITLE, rounds, AIMS)
    yield latencies(TITLE, rounds, (Aim("bare", most=2),))


def write(file: Path, paths: list[str]) -> Path:
    """Keep paths in a file, one a line."""
    file.write_text("\n".join(paths) + "\n", encoding="utf-8")
    return file


def typical(server: Server, paths: Path) -> str:
    """The path whose answer has the middle size of a hundred: what the bare server sends."""
    asked = paths.read_text(encoding="utf-8").splitlines()[:100]
    sizes = sorted((len(fetch(server, Asked(path)).body), path) for path in asked)
    return sizes[len(sizes) // 2][1]
