"""What of an item is searched, and how strongly each word speaks for it.

A word's *strength* in an item is a small number made of where it stands: in the title (and its other names: slug, code,
aliases), in the summary, in the body, and in a body that returns to it. Neighbouring words are terms of their own, so
that a phrase speaks more than its words apart; in bodies only those that a synonym of several words is made of, since
all of them would take more memory than everything else together and change no first hit.

The numbers are fixed when an item is indexed and depend on that item alone: this is what makes the index of an edition
the same, whether made at once or from the edition before.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import zstandard

from app.core.words import STATES
from app.editions.render import plain
from app.editions.snapshot import Entry
from app.search.bits import STRENGTH_BITS
from app.search.words import WORD, clean, name_of, pair, read_word, stems_of

TITLE, SUMMARY, BODY = 8, 4, 2
SHORT_TITLES = (3, 6)
"""A word of a title of so few words, or fewer, gains `AGAIN` for each."""
REPEATED = (2, 5)
"""A word that stands in the body so often gains `AGAIN` for each."""
AGAIN = 2
STRONGEST = TITLE + SUMMARY + BODY + AGAIN * (len(SHORT_TITLES) + len(REPEATED))
if STRONGEST >> STRENGTH_BITS:
    raise ValueError("a strength no longer fits into its bits")
NAMES = ("code", "short_title", "aliases", "city", "ncj_number")
"""Fields, beside title and slug, whose whole value is a name of the item."""
NOT_WORDS = frozenset(("url", "href", "path", "slug", "type", "sources"))
SHORTEST_LINE = 24
"""Characters that a line needs to be worth showing as a snippet."""


@dataclass(slots=True)
class Searched:
    """An item, ready to be indexed."""

    strengths: dict[str, int]
    """Stems, and pairs of neighbouring stems, with their strength."""
    spelled: set[str]
    """Its words as they are spelled."""
    names: set[str]
    """What it is called."""
    lines: list[str]
    """What a snippet may show of it: its summary, then its body line by line."""


def search_form(entry: Entry, phrases: AbstractSet[tuple[str, str]]) -> Searched:
    """What an item is found by; `phrases` are the pairs that matter in a body."""
    document = entry.document()
    names = [document["title"], entry.slug.replace("-", " "), *_flat(document.get(name) for name in NAMES)]
    lines = [" ".join(clean(line).split()) for line in (document["summary"], *_body(entry, document))]
    shown = [line for place, line in enumerate(lines) if place == 0 or len(line) >= SHORTEST_LINE]
    form = Searched({}, set(), {name_of(name) for name in names} - {""}, shown)
    of_title = len(stems_of(document["title"]))
    _add(form, map(clean, names), TITLE + AGAIN * sum(of_title <= few for few in SHORT_TITLES))
    _add(form, lines[:1], SUMMARY)
    few, many = REPEATED
    for stem, times in _add(form, lines[1:], BODY, phrases).items():
        if times >= few:
            form.strengths[stem] += AGAIN * (2 if times >= many else 1)
    return form


def _add(
    form: Searched, lines: Iterable[str], weight: int, phrases: AbstractSet[tuple[str, str]] | None = None
) -> dict[str, int]:
    """Take up the lines of one field, with these pairs or all; tell how often each stem stands there."""
    written: Counter[str] = Counter()
    pairs: set[tuple[str, str]] = set()
    for line in lines:
        words = WORD.findall(line)
        written.update(words)
        stems = [stem for word in words for stem in read_word(word).stems]
        pairs.update(pairwise(stems))
    often: dict[str, int] = {}
    for word, times in written.items():
        reading = read_word(word)
        form.spelled.update(reading.plain)
        for stem in (*reading.stems, reading.joined) if reading.joined else reading.stems:
            often[stem] = often.get(stem, 0) + times
    strengths = form.strengths
    for term in (*often, *(pair(*each) for each in (pairs if phrases is None else pairs & phrases))):
        strengths[term] = strengths.get(term, 0) + weight
    return often


def _body(entry: Entry, document: Mapping[str, Any]) -> Iterator[str]:
    """The searched fields beside title and summary, line by line."""
    for name in (name for name in entry.kind.prose if name not in NAMES):
        for text in _flat([document.get(name)]):
            if name in entry.kind.markdown:
                yield from plain(text).splitlines()
            else:
                yield STATES.get(text, text.replace("_", " "))


def _flat(values: Iterable[Any]) -> Iterator[str]:
    """Every text in nested values."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _flat(inner for name, inner in value.items() if name not in NOT_WORDS)
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)


class _Codec(threading.local):
    """A compressor and a decompressor of each thread's own, as the library asks for."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=3).compress
        self.unpack = zstandard.ZstdDecompressor().decompress


_CODEC = _Codec()


def pack(lines: Iterable[str]) -> bytes:
    """Lines as they are kept."""
    return _CODEC.pack("\n".join(lines).encode())


def unpack(packed: bytes) -> bytes:
    """The lines that were packed, in UTF-8."""
    return _CODEC.unpack(packed)
