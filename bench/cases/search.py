"""Search over 10,000 learning sites and the real content, another question each time, some with typing errors."""

import random
from collections.abc import Iterator
from urllib.parse import quote_plus

from app.editions.render import plain
from bench.beside import Bench, Skip, fetch, latencies, rates
from bench.cases.filtered import typical, write
from bench.data import Data
from bench.figures import Aim, Figure
from bench.load import Asked
from bench.words import Prose

QUESTIONS = 20_000
TITLE = "Search over 10,000, uncached"
AIMS = (Aim("textbook", least=20), Aim("bare"))


def questions(data: Data, seed: int = 1) -> list[str]:
    """One to three words that the content has in a row; every fifth question has a letter missing."""
    chance = random.Random(seed)
    prose = Prose((plain(text) for text in list(data.documents.values())[::10]), chance)
    asked: dict[str, None] = {}
    while len(asked) < QUESTIONS:
        words = " ".join(prose.phrase(chance.randint(1, 3)))
        if len(words) > 6 and chance.random() < 0.2:
            gone = chance.randrange(1, len(words) - 1)
            words = words[:gone] + words[gone + 1 :]
        asked[f"/v1/search?q={quote_plus(words)}"] = None
    return list(asked)


def measure(bench: Bench) -> Iterator[Figure]:
    """Ask something else each time."""
    data = bench.store.sites
    paths = write(bench.folder / "search.txt", questions(data))
    with bench.ours(data.ours) as server:
        if fetch(server, Asked("/v1/search?q=crisis")).status == 404:
            raise Skip("there is no /v1/search yet")
        usual = typical(server, paths)
    with bench.beside(data, {"search": Asked(usual)}) as (servers, _):
        rounds = bench.turns(servers, "search", Asked(usual, paths=paths))
    yield rates(TITLE, rounds, AIMS)
    yield latencies(TITLE, rounds, (Aim("bare", most=2),))
