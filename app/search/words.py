"""From text to the words it is found by: folded, split, stemmed. The same for content and for questions.

- *Compounds*. `co-responder` is its parts in a row and also `coresponder`, so every way of writing finds every other.
  Where a part is one character it is one word alone: `I/DD` is `idd`, `S.R.O.` is `sro`.
- *Plurals of abbreviations* lose their s while case still tells them apart: `KPIs` is `kpi`.
- *Stop words* are dropped, so words on both sides of them become neighbours: `use of force` is a pair.
- *Stems* are Snowball's for English; what is typed and what is shown stay words.

No words grow a cache without bound: what is kept is kept for the words used last.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from Stemmer import Stemmer

WORD = re.compile(r"[^\W_]+(?:['’/&.\-\u2010\u2011][^\W_]+)*")
JOINTS = re.compile(r"['’/&.\-\u2010\u2011]")
ABBREVIATION = re.compile(r"[A-Z]{2,}s$")
ACCENTS = re.compile("[\u0300-\u036f]")
KEPT = 16_384
_STOP_WORDS = """
a about above after again against all also am an and any are as at be because been before being below between both
but by can could did do does doing done down during each either few for from further get gets getting got had has
have having he her here hers herself him himself his how i if in into is it its itself just let lets many may me
might more most much must my myself no nor not of off on once only or other ought our ours ourselves out over own
per please same shall she should so some such than that the their theirs them themselves then there these they this
those through to too under until up upon us very via was we were what when where which while who whom whose why will
with within would yet you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


class Reading(NamedTuple):
    """How one written word is read."""

    plain: tuple[str, ...]
    """Its parts, as they are spelled."""
    stems: tuple[str, ...]
    """The stems of its parts, without stop words."""
    joined: str | None
    """The stem of its parts written as one, where it has several."""


class Written(NamedTuple):
    """A word where it stands."""

    start: int
    end: int
    reading: Reading


_stemmer = Stemmer("english", maxCacheSize=0)  # `read_word` is the cache


def fold(word: str) -> str:
    """The word in lower case, without accents; an abbreviation without its s."""
    shorter = word[:-1] if ABBREVIATION.match(word) else word
    if not shorter.isascii():
        shorter = ACCENTS.sub("", unicodedata.normalize("NFKD", shorter))
    return shorter.casefold()


@lru_cache(KEPT)
def read_word(written: str) -> Reading:
    """Read one word as it is written."""
    word = fold(written)
    parts = tuple(JOINTS.split(word[:-2] if word.endswith(("'s", "’s")) else word))
    if len(parts) > 1 and min(map(len, parts)) == 1:
        parts = ("".join(parts),)
    stems = tuple(stem(part) for part in parts if part not in STOP_WORDS)
    return Reading(parts, stems, stem("".join(parts)) if len(parts) > 1 else None)


def stem(word: str) -> str:
    """The stem of one plain word."""
    return str(_stemmer.stemWord(word))


def clean(text: str) -> str:
    """The text with accents composed, so that a letter is one character and a word is not cut at it."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def read(text: str) -> list[Reading]:
    """Every word of a clean text."""
    return [read_word(word) for word in WORD.findall(text)]


def locate(text: str) -> Iterator[Written]:
    """Every word of a clean text, with its place."""
    for match in WORD.finditer(text):
        yield Written(match.start(), match.end(), read_word(match[0]))


def stems_of(text: str) -> tuple[str, ...]:
    """The stems of a text in a row, without stop words."""
    return tuple(stem for reading in read(clean(text)) for stem in reading.stems)


def name_of(text: str) -> str:
    """A title, code or alias as it is compared with a whole question: all its words, unstemmed."""
    return " ".join(part for reading in read(clean(text)) for part in reading.plain)


def pair(first: str, second: str) -> str:
    """The term under which two neighbouring stems are indexed."""
    return f"{first} {second}"
