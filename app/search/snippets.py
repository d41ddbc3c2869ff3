"""The line of an item that answers a question best, cut to size, with the words that were found marked.

A page of fifty hits is marked for every question, so this looks for the question's words in the text instead of
reading every word of the text.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import NamedTuple

from app.search.question import Question
from app.search.words import WORD, read_word

LONGEST, LEAD = 240, 70
"""Characters of a snippet, and of what may stand before its first marked word."""
MOST_MARKS = 40
"""Places looked at in one text."""


class Part(NamedTuple):
    """A piece of a snippet."""

    text: str
    marked: bool


class Span(NamedTuple):
    """A place where something that was asked for stands."""

    start: int
    end: int
    stem: str


class Marks:
    """Which words of a text are marked for a question: those asked for, and whatever else they are called."""

    def __init__(self, question: Question, rarities: Mapping[str, int]) -> None:
        """Gather the stems, each with how rare it is; of several words a synonym is marked only as a whole."""
        self.phrases: dict[str, list[tuple[str, ...]]] = {}
        self._worth = {word.stem: rarities.get(word.stem, 1) for word in question.words}
        self._asked = sum(self._worth.values())
        self.stems = set(self._worth)
        probes = set(question.written)
        for said in question.said:
            worth = max(rarities.get(stem, 1) for stem in said.term.stems)
            for other in said.others:
                first = other.stems[0]
                self._worth.setdefault(first, worth)
                probes.add(other.label.partition(" ")[0].lower())
                if len(other.stems) == 1:
                    self.stems.add(first)
                else:
                    self.phrases.setdefault(first, []).append(other.stems)
        # A word begins like its stem, but for an i that was a y.
        probes |= {stem.removesuffix("i") or stem for stem in self.stems.union(self.phrases)}
        self._probes = [each for each in probes if not any(each != p and each.startswith(p) for p in probes)]

    def snippet(self, text: str) -> list[Part]:
        """The best line of a text, marked. The first, its summary, is best where no other says more."""
        end = text.find("\n")
        start, end = 0, (len(text) if end < 0 else end)
        spans = self._spans(text[:end])
        told = self._told(spans)
        if told < self._asked and end < len(text):
            for line_start, line_end, inside in _lines(text, self._spans(text, end)):
                more = self._told(inside)
                if more > told:
                    told, start, end, spans = more, line_start, line_end, inside
        return _cut(text, start, end, spans)

    def _told(self, spans: Iterable[Span]) -> int:
        """How much of what was asked for these places hold."""
        return sum(self._worth[stem] for stem in {span.stem for span in spans})

    def _spans(self, text: str, begin: int = 0) -> list[Span]:
        """Every place to be marked, in order."""
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = text  # a letter that is two in lower case: better unmarked than marked beside it
        found: list[Span] = []
        for probe in self._probes:
            at = lowered.find(probe, begin)
            while at >= 0 and len(found) < MOST_MARKS:
                if not (at and lowered[at - 1].isalnum()) and (span := self._span(text, at)):
                    found.append(span)
                at = lowered.find(probe, at + 1)
        found.sort()
        return found

    def _span(self, text: str, at: int) -> Span | None:
        """What is to be marked at the beginning of a word."""
        match = WORD.match(text, at)
        if match is None:
            return None
        reading = read_word(match[0])
        for stem in (*reading.stems, reading.joined or ""):
            if stem in self.phrases and (end := self._phrase_end(text, at, stem)):
                return Span(at, end, stem)
            if stem in self.stems:
                return Span(at, match.end(), stem)
        return None

    def _phrase_end(self, text: str, at: int, first: str) -> int | None:
        """Where a synonym of several words ends that begins here, if one does."""
        following: list[str] = []
        ends: list[int] = []
        for match in WORD.finditer(text, at, at + LONGEST):
            stems = read_word(match[0]).stems
            following += stems
            ends += [match.end()] * len(stems)
            if len(following) >= 8:
                break
        for phrase in self.phrases[first]:
            if tuple(following[: len(phrase)]) == phrase:
                return ends[len(phrase) - 1]
        return None


def _lines(text: str, spans: Iterable[Span]) -> Iterator[tuple[int, int, list[Span]]]:
    """The lines in which something is marked: where each begins and ends, and its places."""
    inside: list[Span] = []
    start, end = 0, -1
    for span in spans:
        if span.start > end:
            if inside:
                yield start, end, inside
            start = text.rfind("\n", 0, span.start) + 1
            end = text.find("\n", span.start)
            end, inside = (len(text) if end < 0 else end), []
        inside.append(span)
    if inside:
        yield start, end, inside


def _cut(text: str, start: int, end: int, spans: list[Span]) -> list[Part]:
    """At most `LONGEST` characters of a line around its first mark, cut between words."""
    begin, finish = start, end
    if end - start > LONGEST:
        first = spans[0].start if spans else start
        if first - start > LEAD:
            sentence = text.rfind(". ", first - LEAD, first)
            begin = sentence + 2 if sentence >= 0 else max(text.find(" ", first - LEAD, first) + 1, first - LEAD)
        if end - begin > LONGEST:
            blank = text.rfind(" ", begin, begin + LONGEST)
            finish = blank if blank > begin + LONGEST // 2 else begin + LONGEST
    parts: list[Part] = []
    at, lead = begin, "… " if begin > start else ""
    for span in spans:
        if span.end > finish or span.start < at:
            # A part of what is marked already, as in a compound.
            continue
        between = text[at : span.start]
        if between == " " and parts and parts[-1].marked:
            parts[-1] = Part(parts[-1].text + text[at : span.end], marked=True)
        else:
            if lead + between:
                parts.append(Part(lead + between, marked=False))
            parts.append(Part(text[span.start : span.end], marked=True))
        at, lead = span.end, ""
    tail = lead + text[at:finish] + (" …" if finish < end else "")
    return [*parts, Part(tail, marked=False)] if tail else parts


def to_html(parts: Iterable[Part]) -> str:
    """The parts as HTML that is safe to put into a page."""
    return "".join(f"<mark>{escape(part.text)}</mark>" if part.marked else escape(part.text) for part in parts)
