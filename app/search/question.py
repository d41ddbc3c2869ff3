"""What a question means: its words without stop words, its typing errors corrected, and what else its words are called.

Whatever is typed is a question. There is no query language, so there is nothing to get wrong: operators, quotes and
brackets are blanks between words.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from app.search.synonyms import Groups, Said
from app.search.words import JOINTS, STOP_WORDS, Written, clean, locate, name_of, stem

MOST_WORDS = 24
"""Words of a question that are looked at."""
MOST_CORRECTED = 6


class Word(NamedTuple):
    """A word of a question that is searched for."""

    plain: str
    stem: str


@dataclass(slots=True)
class Question:
    """A question, understood."""

    words: list[Word]
    """In the order in which they were typed; a word may stand there twice."""
    name: str
    """The whole question, as titles and codes are compared with it."""
    corrected: str | None
    """The question with its typing errors corrected; None where nothing was corrected."""
    said: list[Said]
    """Terms in it that have synonyms."""
    written: set[str]
    """Compounds as they were typed, in lower case."""

    def loosely(self) -> "Question":
        """The same, asking for each word of its synonyms instead."""
        others = [other for said in self.said for other in said.others]
        words = [Word(each, stem(each)) for other in others for each in name_of(other.label).split()]
        return replace(self, words=[word for word in words if word.plain not in STOP_WORDS][:MOST_WORDS], said=[])


def understand(text: str, groups: Groups, known: Callable[[str], bool], meant: Callable[[str], str | None]) -> Question:
    """Read a question; `known` tells whether a stem is found anywhere, `meant` what misspelled words were to be."""
    text = clean(text)
    words: list[Word] = []
    pieces: list[str] = []
    compounds: set[str] = set()
    at = corrections = 0
    for written in islice(locate(text), MOST_WORDS):
        spelled, parts = text[written.start : written.end], _parts(written, known)
        if not spelled.isalnum():
            compounds.add(spelled.lower())
        for place, part in enumerate(parts):
            if part in STOP_WORDS:
                continue
            better = None
            if not known(stem(part)) and corrections < MOST_CORRECTED and (better := meant(part)):
                corrections += 1
                spelled = _replaced(spelled, place if len(parts) > 1 else None, better)
            words += [Word(each, stem(each)) for each in (better or part).split() if each not in STOP_WORDS]
        pieces += text[at : written.start], spelled
        at = written.end
    corrected = "".join([*pieces, text[at:]]) if corrections else None
    return Question(words, name_of(corrected or text), corrected, groups.said([word.stem for word in words]), compounds)


def _parts(written: Written, known: Callable[[str], bool]) -> tuple[str, ...]:
    """The words that a written word is; a compound that nobody writes apart is one."""
    reading = written.reading
    if reading.joined and known(reading.joined) and not all(known(part) for part in reading.stems):
        return ("".join(reading.plain),)
    return reading.plain


def _replaced(spelled: str, place: int | None, better: str) -> str:
    """The written word with one of its parts, or all of it, replaced."""
    if place is None:
        return better
    starts = [0, *(match.end() for match in JOINTS.finditer(spelled))]
    ends = [*(match.start() for match in JOINTS.finditer(spelled)), len(spelled)]
    return spelled[: starts[place]] + better + spelled[ends[place] :]
