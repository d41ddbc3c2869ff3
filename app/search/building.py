"""Making the index of an edition: from the edition before, reading only what changed, or from nothing.

The first index is made in a thread once the server has started, or when somebody first searches; from then on each
edition's index is made before the edition is shown (`prepare`). An older edition that is searched as of then gets an
index of its own the same way.
"""

import asyncio
import time
from array import array
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.editions.snapshot import Entry, Snapshot
from app.search import bits
from app.search.bits import STRENGTH_BITS
from app.search.content import SYNONYMS
from app.search.documents import pack, search_form
from app.search.index import SearchIndex
from app.search.ranking import LEANING, OTHERS
from app.search.spelling import Dictionary
from app.search.synonyms import Groups

NAME = "search"
"""Where a snapshot keeps its index."""
DENSE = 32
"""A term that more than this share (1/32) of all slots has is kept as planes."""
NO_SLOTS = array("I")
T = TypeVar("T")
BREATH = 0.000_1
"""Seconds between two items in which a thread that makes an index lets others run: readers notice no pause."""
_MAKER = ThreadPoolExecutor(1, thread_name_prefix="search-index")
"""Makes one index after the other, whoever asks for however many editions."""
SPARE = 1_000
"""Empty slots that are borne before an index is made anew, beside as many as there are items."""


async def index_of(snapshot: Snapshot) -> SearchIndex:
    """The index of an edition; made in a thread, once, when first asked for."""
    made: SearchIndex | None = snapshot.already(NAME)
    if made is None:
        loop = asyncio.get_running_loop()
        making = snapshot.derived(f"{NAME}.making", lambda s: loop.run_in_executor(_MAKER, make_index, s))
        # Several wait for the same one; who gives up does not stop it.
        index = await asyncio.shield(making)
        made = snapshot.derived(NAME, lambda _: index)
    return made


def prepare(fresh: Snapshot, before: Snapshot | None) -> None:
    """Make the next edition's index out of that of the edition before, if anybody ever searched that."""
    standing = before.already(NAME) if before else None
    if standing is not None:
        fresh.derived(NAME, lambda snapshot: make_index(snapshot, standing))


def make_index(snapshot: Snapshot, before: SearchIndex | None = None) -> SearchIndex:
    """Index an edition; items that `before` has indexed are not read again."""
    groups = Groups(entry.document()["terms"] for entry in snapshot[SYNONYMS.name].entries)
    listed = [entry for c in snapshot.collections.values() if c.kind.listed for entry in c.entries]
    if before is not None and before.groups.pairs == groups.pairs:
        standing = {id(entry) for entry in before.entries.values()}
        fresh = [entry for entry in listed if id(entry) not in standing]
        wanted = {id(entry) for entry in listed}
        gone = [slot for slot, entry in before.entries.items() if id(entry) not in wanted]
        in_order = all(entry.edition > before.number for entry in fresh)
        if in_order and before.width + len(fresh) <= 2 * len(listed) + SPARE:
            return _Making(snapshot, groups, before).finish(fresh, gone)
    return _Making(snapshot, groups, None).finish(listed, ())


class _Making:
    """An index that is being made: a copy of the one before, and what changes in it."""

    def __init__(self, snapshot: Snapshot, groups: Groups, before: SearchIndex | None) -> None:
        self.index = SearchIndex(snapshot.number, groups)
        self.index.kinds = {name: 0 for name, collection in snapshot.collections.items() if collection.kind.listed}
        if before:
            self.index.width = before.width
            for name in ("entries", "texts", "postings", "names", "spelled", "kinds"):
                getattr(self.index, name).update(getattr(before, name))
            self.index.ordered = before.ordered
        self.added: dict[str, array[int]] = {}
        self.removed: dict[str, list[int]] = {}
        self.renamed: set[str] = set()

    def finish(self, fresh: Iterable[Entry], gone: Iterable[int]) -> SearchIndex:
        """Take out and take up what must be, and complete the index."""
        index = self.index
        for slot in gone:
            self._remove(slot)
        for entry in sorted(fresh, key=lambda e: (e.edition, e.kind.name, e.slug)):
            self._add(entry)
            time.sleep(BREATH)
        for term in self.added.keys() | self.removed.keys():
            self._change(term)
        for kind, mask in index.kinds.items():
            bits.add(index.leaning, mask, LEANING.get(kind, OTHERS))
        if self.renamed:
            kept = [name for name in index.ordered if name in index.names and name not in self.renamed]
            index.ordered = sorted(kept + [name for name in self.renamed if name in index.names])
        index.dictionary = Dictionary({**index.groups.spelled, **index.spelled}, index.beside)
        return index

    def _add(self, entry: Entry) -> None:
        index, kind = self.index, entry.kind.name
        form = search_form(entry, index.groups.pairs)
        slot, index.width = index.width, index.width + 1
        index.entries[slot] = entry
        index.texts[slot] = pack(form.lines)
        for term, strength in form.strengths.items():
            packed = slot << STRENGTH_BITS | strength
            held = self.added.get(term)
            if held is None:
                self.added[term] = array("I", (packed,))
            else:
                held.append(packed)
        self.renamed |= form.names
        for name in form.names:
            index.names[name] = (*index.names.get(name, ()), slot)
        for word in form.spelled:
            index.spelled[word] = index.spelled.get(word, 0) + 1
        index.kinds[kind] |= 1 << slot

    def _remove(self, slot: int) -> None:
        index = self.index
        entry = index.entries.pop(slot)
        form, kind = search_form(entry, index.groups.pairs), entry.kind.name
        del index.texts[slot]
        for term in form.strengths:
            self.removed.setdefault(term, []).append(slot)
        self.renamed |= form.names
        for name in form.names:
            left = tuple(held for held in index.names[name] if held != slot)
            _keep_or_drop(index.names, name, left)
        for word in form.spelled:
            _keep_or_drop(index.spelled, word, index.spelled[word] - 1)
        index.kinds[kind] ^= 1 << slot

    def _change(self, term: str) -> None:
        """Make a term's posting anew; that of the index before stays as it is."""
        index = self.index
        added, removed = self.added.get(term, NO_SLOTS), self.removed.get(term, ())
        posting = index.postings.get(term)
        if posting is not None and not isinstance(posting, array):
            gone, more = bits.mask_of(removed, index.size), bits.spread(added, index.size)
            planes = tuple(plane & ~gone | extra for plane, extra in zip(posting, more, strict=True))
            _keep_or_drop(index.postings, term, planes if any(planes) else ())
            return
        if posting is not None:
            gone_slots = set(removed)
            added = array("I", [each for each in posting if each >> STRENGTH_BITS not in gone_slots]) + added
        dense = len(added) > max(DENSE, index.width // DENSE)
        _keep_or_drop(index.postings, term, bits.spread(added, index.size) if dense else added)


def _keep_or_drop(held: dict[str, T], key: str, value: T) -> None:
    """Keep a value that holds something; forget the key of one that does not."""
    if value:
        held[key] = value
    else:
        held.pop(key, None)
