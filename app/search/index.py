"""The search index of one edition, in memory: which item has which word, and how strongly.

Why not an engine. The databases' own full-text search ranks differently in each of them. Engines that keep segments
(this was built on tantivy first) rank by statistics, and break ties by addresses, that depend on the history of the
index: two replicas that took up the same edition in different steps disagree in scores, in the order of ties and thus
in pages. With 20,000 items, a question that most of them match took it 3 to 4 ms with phrases and counts; this takes a
tenth of that, and its memory is a few bytes for a word of an item.

An index is made from the index of the edition before: unchanged items keep their slots and postings, only what changed
is read again (`building`). Indexes are never changed, so the old one answers until the new one is shown. Slots are
given in the order (edition of the item's last change, type, slug), which is the order of ties: it is the same whether
an index was made at once or step by step.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from app.editions.snapshot import Entry
from app.search import bits
from app.search.bits import Planes
from app.search.question import Question, understand
from app.search.spelling import Dictionary
from app.search.synonyms import Groups
from app.search.words import pair, stem

RAREST = 15
"""Rarity of a word that one item has; a word that all have counts 1 or 2."""
SPREAD_KEPT = 256
"""Postings kept as planes because they were asked for lately."""
SO_FAR = 0.4
"""The share of a name that must have been typed for it to begin so."""
MOST_SO_FAR = 100
"""Names that may begin so; more tell nothing."""


@dataclass(slots=True)
class SearchIndex:
    """Everything that can be found in one edition."""

    number: int
    groups: Groups
    width: int = 0
    """Slots given so far; those of items that changed or went are empty."""
    entries: dict[int, Entry] = field(default_factory=dict)
    """Slot → item."""
    texts: dict[int, bytes] = field(default_factory=dict)
    """Slot → the lines that a snippet may show."""
    postings: dict[str, "array[int] | Planes"] = field(default_factory=dict)
    """Stems and pairs of stems, each with its strength in the items that have it: packed in a list, or as planes."""
    names: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ordered: list[str] = field(default_factory=list)
    """The names, sorted."""
    spelled: dict[str, int] = field(default_factory=dict)
    """Words as they are spelled, and how many items have them."""
    kinds: dict[str, int] = field(default_factory=dict)
    """The items of each kind."""
    leaning: list[int] = field(default_factory=list)
    """What every item is worth before anything is asked."""
    dictionary: Dictionary = field(default_factory=lambda: Dictionary({}, lambda *_: False))
    _spread: dict[str, Planes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes that hold a bit for every slot."""
        return (self.width + 7) >> 3

    def understand(self, text: str) -> Question:
        """Read a question with the words of this edition."""
        return understand(text, self.groups, self._knows, self.dictionary.meant)

    def _knows(self, stem: str) -> bool:
        return stem in self.postings or stem in self.groups.stems

    def beside(self, one: str, other: str) -> bool:
        """Whether two words stand side by side in a title, a summary or a term that has synonyms."""
        stems = stem(one), stem(other)
        return pair(*stems) in self.postings or stems in self.groups.pairs

    def strengths(self, term: str) -> Planes:
        """How strongly a stem, or a pair of stems, is in every item."""
        posting = self.postings.get(term)
        if posting is None:
            return bits.NOTHING
        if not isinstance(posting, array):
            return posting
        planes = self._spread.get(term)
        if planes is None:
            if len(self._spread) >= SPREAD_KEPT:
                self._spread.clear()
            planes = self._spread[term] = bits.spread(posting, self.size)
        return planes

    def strengths_in_a_row(self, stems: tuple[str, ...]) -> Planes:
        """How strongly several stems in a row are: as strongly as the first two of them, where all pairs are."""
        if len(stems) == 1:
            return self.strengths(stems[0])
        pairs = [self.strengths(pair(one, other)) for one, other in pairwise(stems)]
        whole = bits.union(pairs[0])
        for planes in pairs[1:]:
            whole &= bits.union(planes)
        return [plane & whole for plane in pairs[0]]

    def rarity(self, found: int) -> int:
        """From 1 to `RAREST`: how much a word tells that these items have."""
        if not found:
            return RAREST
        items = len(self.entries)
        return max(1, round(RAREST * math.log(1 + items / found.bit_count()) / math.log(1 + items)))

    def called(self, names: Iterable[str]) -> int:
        """The items with any of these names."""
        slots = [slot for name in names for slot in self.names.get(name, ())]
        return bits.mask_of(slots, self.size) if slots else 0

    def beginning(self, name: str) -> list[str]:
        """The names that go on where this one ends."""
        # "!" comes after the blank: between the two lies every name that goes on with another word.
        first, last = bisect_left(self.ordered, f"{name} "), bisect_left(self.ordered, f"{name}!")
        names = self.ordered[first:last] if name and last - first <= MOST_SO_FAR else []
        return [each for each in names if len(name) >= SO_FAR * len(each)]
