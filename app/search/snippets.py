"""The line of an item that answers a question best, cut to size, with the words that were found marked.

A page of fifty hits is marked for every question, so this looks for the question's words in the text instead of
reading every word of the text.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import NamedTuple

from app.search.question import Question
from app.search.words import WORD, read_word

LONGEST, LEAD = 240, 70
"""Characters of a snippet, and of what may stand before its first marked word."""
MOST_MARKS = 40
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")


class Part(NamedTuple):
    """A piece of a snippet."""

    text: str
    marked: bool


class Span(NamedTuple):
    """A place where something that was asked for stands."""

    start: int
    end: int


class Marks:
    """Which words of a text are marked for a question: those asked for, and whatever else they are called."""

    def __init__(self, question: Question, rarities: Mapping[str, int]) -> None:
        """Gather the stems, and what a line is worth that has one; of several words a synonym is marked as a whole."""
        self.stems = {word.stem for word in question.words}
        self.phrases: dict[str, list[tuple[str, ...]]] = {}
        probes = {_beginning(word.stem): rarities.get(word.stem, 1) for word in question.words}
        self._asked = sum(probes.values())
        probes |= dict.fromkeys(question.written, 1)
        for said in question.said:
            worth = max(rarities.get(stem, 1) for stem in said.term.stems)
            for other in said.others:
                first = other.stems[0]
                for probe in (_beginning(first), other.label.partition(" ")[0].lower()):
                    probes.setdefault(probe, worth)
                if len(other.stems) == 1:
                    self.stems.add(first)
                else:
                    self.phrases.setdefault(first, []).append(other.stems)
        shortest = {p: worth for p, worth in probes.items() if not any(p != q and p.startswith(q) for q in probes)}
        self._probes = list(shortest)
        self._raw_probes = [(probe.encode(), worth) for probe, worth in shortest.items()]
        self._known: dict[str, str | None] = {}

    def snippet(self, lines: bytes) -> list[Part]:
        """The best line of an item, marked. Its first, the summary, is best where it has half of what was asked for."""
        lowered = lines.lower()  # of bytes: ten times as fast as of text, and the words looked for are plain letters
        best = 0, _end_of_line(lowered, 0)
        most = self._told(lowered, *best)
        if 2 * most < self._asked:
            for line in self._lines(lowered, best[1]):
                told = self._told(lowered, *line)
                if told > most:
                    best, most = line, told
        text = lines[best[0] : best[1]].decode()
        return _cut(text, self._spans(text))

    def _lines(self, lowered: bytes, after: int) -> list[tuple[int, int]]:
        """The lines in which something asked for stands first, in order."""
        firsts = (_word_at(lowered, probe, after, len(lowered)) for probe, _ in self._raw_probes)
        return sorted({(lowered.rfind(b"\n", 0, at) + 1, _end_of_line(lowered, at)) for at in firsts if at >= 0})

    def _told(self, lowered: bytes, start: int, end: int) -> int:
        """How much of what was asked for a line has."""
        return sum([worth for probe, worth in self._raw_probes if _word_at(lowered, probe, start, end) >= 0])

    def _spans(self, text: str) -> list[Span]:
        """Every place to be marked, in order."""
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = text  # a letter that is two in lower case: better unmarked than marked beside it
        found: list[Span] = []
        for probe in self._probes:
            at = lowered.find(probe)
            while at >= 0:
                if not (at and lowered[at - 1].isalnum()) and (span := self._span(text, at)):
                    found.append(span)
                at = lowered.find(probe, at + 1)
        found.sort()
        return found[:MOST_MARKS]

    def _span(self, text: str, at: int) -> Span | None:
        """What is to be marked at the beginning of a word."""
        match = WORD.match(text, at)
        if match is None:
            return None
        word = match[0]
        if word in self._known:
            stem = self._known[word]
        else:
            stem = self._known[word] = self._meaning(word)
        if stem is None:
            return None
        phrase_end = self._phrase_end(text, at, stem) if stem in self.phrases else None
        if phrase_end is None and stem not in self.stems:
            return None
        return Span(at, phrase_end or match.end())

    def _meaning(self, word: str) -> str | None:
        """The stem of a word that is marked, or may begin what is."""
        reading = read_word(word)
        found = [s for s in (*reading.stems, reading.joined) if s in self.stems or s in self.phrases]
        return found[0] if found else None

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


def _cut(text: str, spans: list[Span]) -> list[Part]:
    """At most `LONGEST` characters of a line around its first mark, in parts."""
    begin, end = _window(text, spans[0].start if spans else 0)
    parts: list[Part] = []
    at, lead = begin, "… " if begin else ""
    for span in spans:
        if span.start < at or span.end > end:
            continue  # it stands in what is marked already, as a part of a compound, or outside
        between = text[at : span.start]
        if between == " " and parts and parts[-1].marked:
            parts[-1] = Part(parts[-1].text + text[at : span.end], marked=True)
        else:
            if lead + between:
                parts.append(Part(lead + between, marked=False))
            parts.append(Part(text[span.start : span.end], marked=True))
        at, lead = span.end, ""
    tail = lead + text[at:end] + (" …" if end < len(text) else "")
    return [*parts, Part(tail, marked=False)] if tail else parts


def _window(text: str, first: int) -> tuple[int, int]:
    """What is shown of a line, cut between sentences or words, so that a place near its beginning is in it."""
    begin, end = 0, len(text)
    if end > LONGEST and first > LEAD:
        sentence = text.rfind(". ", first - LEAD, first)
        begin = sentence + 2 if sentence >= 0 else max(text.find(" ", first - LEAD, first) + 1, first - LEAD)
    if end - begin > LONGEST:
        blank = text.rfind(" ", begin, begin + LONGEST)
        end = blank if blank > begin + LONGEST // 2 else begin + LONGEST
    return begin, end


def _word_at(lowered: bytes, probe: bytes, start: int, end: int) -> int:
    """Where the first word begins that begins so; -1 where none does."""
    at = lowered.find(probe, start, end)
    while at > 0 and lowered[at - 1] in _LETTERS:
        at = lowered.find(probe, at + 1, end)
    return at


def _end_of_line(lowered: bytes, at: int) -> int:
    end = lowered.find(b"\n", at)
    return end if end >= 0 else len(lowered)


def _beginning(stem: str) -> str:
    """What words of a stem begin with: an i at its end was often a y."""
    return stem.removesuffix("i") or stem


def to_html(parts: Iterable[Part]) -> str:
    """The parts as HTML that is safe to put into a page."""
    return "".join(f"<mark>{escape(part.text)}</mark>" if part.marked else escape(part.text) for part in parts)
