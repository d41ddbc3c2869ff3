"""Words that mean the same, as a search uses them: where a question says one, items that say another are found too."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from app.search.words import name_of, stems_of


class Term(NamedTuple):
    """One way to say it."""

    label: str
    stems: tuple[str, ...]


class Said(NamedTuple):
    """A term of a group, found in a question."""

    start: int
    end: int
    """Which of the question's stems it is: from `start` up to `end`."""
    term: Term
    others: tuple[Term, ...]


class Groups:
    """The groups of an edition."""

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        """Index the terms by their first stem."""
        self._by_first: dict[str, list[tuple[Term, tuple[Term, ...]]]] = {}
        self.stems: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        """Neighbours in terms of several words."""
        self.spelled: dict[str, int] = {}
        for labels in groups:
            terms = [Term(label, stems) for label in labels if (stems := stems_of(label))]
            for term in terms:
                others = {other.stems: other for other in reversed(terms) if other.stems != term.stems}
                self._by_first.setdefault(term.stems[0], []).append((term, tuple(others.values())[::-1]))
                self.stems.update(term.stems)
                self.pairs.update(pairwise(term.stems))
                self.spelled.update(dict.fromkeys(name_of(term.label).split(), 0))

    def said(self, stems: Sequence[str]) -> list[Said]:
        """Every term that the stems of a question contain."""
        found: list[Said] = []
        known: set[Any] = set()
        for start, first in enumerate(stems):
            for term, others in self._by_first.get(first, ()):
                end = start + len(term.stems)
                if tuple(stems[start:end]) == term.stems and (term.stems, others) not in known:
                    known.add((term.stems, others))
                    found.append(Said(start, end, term, others))
        return found
