"""The ranking: one sum for every item, the same on SQLite, on PostgreSQL and on every replica.

    score(item) = for every word asked for: rarity(word) x strength(word, item) x how it was found (typed, synonym)
                + for every two of them side by side: the same, once more
                + what the item gains for being called just so
                + how far the search leans towards its kind

All of these are whole numbers, added for all items at once as bits of Python integers (`bits`): exact, in the same time
whether ten items match or ten thousand, with the total and the counts of each type for nothing.
The numbers were chosen by hand on the questions in `tests/search/questions.yaml`, round and few.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from app.editions.snapshot import Entry
from app.search import bits
from app.search.bits import Planes
from app.search.index import SearchIndex
from app.search.question import Question
from app.search.words import name_of, pair

TYPED, SYNONYM, PAIR = 4, 3, 1
"""What a word counts as typed, as a synonym, and for standing beside its neighbour."""
CALLED, ALSO_CALLED, CALLED_SO_FAR = 900, 600, 300
"""What an item gains that is called what was asked for, as typed or by a synonym, or whose name begins so."""
LEANING = {
    "topic": 300, "page": 300, "program-type": 300, "essential-element": 300, "section": 240,
    "toolkit": 60, "source": 0,
}  # fmt: skip
OTHERS = 120
"""The search leans towards pages that explain, and away from the registry of sources."""
SHARE, LOOSE_SHARE = 0.4, 0.6
"""The share of a question's rarity that an item must have to match; and where only words of synonyms are asked for."""


@dataclass(slots=True)
class Hit:
    """An item that was found."""

    entry: Entry
    score: int
    text: bytes


@dataclass(slots=True)
class Found:
    """What a question found."""

    question: Question
    """As it was searched."""
    asked: Question
    """As it was understood."""
    total: int
    counts: dict[str, int]
    """Matches of each kind, whichever kinds were asked for."""
    hits: list[Hit]
    rarities: dict[str, int]
    """How rare each stem of the question is."""
    unknown: list[str]
    """Words that nothing has, by any name."""


def search(index: SearchIndex, text: str, kinds: Collection[str], offset: int, limit: int) -> Found:
    """The best matches of a question, `limit` of them after `offset`, of these kinds or of all."""
    question = asked = index.understand(text)
    scores, rarities = list(index.leaning), dict[str, int]()
    matching, unknown = _score(index, question, scores, rarities, SHARE)
    matching |= _score_names(index, question, scores)
    if not matching and question.said:
        # Nothing has a word of it or a synonym as a whole: what has words of its synonyms may still help.
        question = question.loosely()
        matching, _ = _score(index, question, scores, rarities, LOOSE_SHARE)
    counts = {kind: (matching & mask).bit_count() for kind, mask in index.kinds.items()}
    if kinds:
        matching &= bits.union([index.kinds.get(kind, 0) for kind in kinds])
    page = bits.best(scores, matching, offset + limit) & ~bits.best(scores, matching, offset)
    slots = list(bits.slots_of(page))
    ranked = sorted(zip(bits.numbers(scores, slots, index.size), slots, strict=True), key=lambda found: -found[0])
    hits = [Hit(index.entries[slot], score, index.texts[slot]) for score, slot in ranked]
    return Found(question, asked, matching.bit_count(), counts, hits, rarities, unknown)


def _score(
    index: SearchIndex, question: Question, scores: list[int], rarities: dict[str, int], share: float
) -> tuple[int, list[str]]:
    """Add what every word is worth; answer the items that have enough of them, and the words that none has."""
    others = _others(index, question)
    had: list[int] = []
    asked = everything = 0
    unknown = []
    for word in question.words:
        if word.stem in rarities:
            continue
        typed, also = index.strengths(word.stem), others.get(word.stem)
        found = bits.union(typed) | (bits.union(also) if also else 0)
        rarity = rarities[word.stem] = index.rarity(found)
        if not found:
            unknown.append(word.plain)
            continue
        if also:
            better = bits.greater(also, typed)
            bits.add_times(scores, [plane & better for plane in also], rarity * SYNONYM)
            typed = [plane ^ (plane & better) for plane in typed]
        bits.add_times(scores, typed, rarity * TYPED)
        bits.add(had, found, rarity)
        asked += rarity
        everything |= found
    _score_pairs(index, question, rarities, scores)
    # Many words that never meet: better an item with one of them than none.
    return bits.at_least(had, math.ceil(asked * share), everything) or everything, unknown


def _score_pairs(index: SearchIndex, question: Question, rarities: Mapping[str, int], scores: list[int]) -> None:
    """Add what neighbours are worth for standing side by side in the item too."""
    stems = [word.stem for word in question.words]
    for one, other in dict.fromkeys(pairwise(stems)):
        bits.add_times(scores, index.strengths(pair(one, other)), (rarities[one] + rarities[other]) * PAIR)


def _score_names(index: SearchIndex, question: Question, scores: list[int]) -> int:
    """Raise the items that are called what was asked for; answer them."""
    called = index.called([question.name])
    whole = (said for said in question.said if said.end - said.start == len(question.words))
    also = index.called(name_of(other.label) for said in whole for other in said.others)
    begins = index.called(index.beginning(question.name))
    bits.add(scores, called, CALLED)
    bits.add(scores, also & ~called, ALSO_CALLED)
    bits.add(scores, begins & ~called, CALLED_SO_FAR)
    return called | also | begins


def _others(index: SearchIndex, question: Question) -> dict[str, Planes]:
    """For each word of a term that has synonyms: how strongly the strongest of these is in each item."""
    stems = [word.stem for word in question.words]
    found: dict[str, Planes] = {}
    for said in question.said:
        best: Planes = bits.NOTHING
        for other in said.others:
            planes = index.strengths_in_a_row(other.stems)
            best = bits.choose(bits.greater(planes, best), planes, best)
        if any(best):
            for stem in stems[said.start : said.end]:
                known = found.get(stem, bits.NOTHING)
                found[stem] = bits.choose(bits.greater(best, known), best, known)
    return found
