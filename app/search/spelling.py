"""Typing errors: the published word that somebody meant who typed one that nobody published.

The words of the edition are the dictionary, unstemmed and with the number of items that use each. Only what is no word
of the content and no synonym is corrected: by one edit (a letter more, less, other, or two changed places), and where
no word is as near as that, by two. Much is two edits away, so what is found for a word of seven to nine letters must
begin with the same letter and have the same letters but for one (`sherrif`); from ten letters on neither is asked.
Numbers, codes and words of four letters are left alone: too much is near them.

Two words that stand side by side somewhere are found where they were typed without the blank (`mentalhealth`).
"""

from collections.abc import Callable, Iterable, Mapping

SHORTEST, TWICE, LONG = 5, 7, 10
"""Letters from which on a word is corrected by one edit, cautiously by two, and by any two."""
CAUTIOUS, ANY = 1, 4
"""Letters that one of the two words has and the other has not. Of words with two errors that people make, 75 in 100 are
found cautiously; of common words that are no errors but unknown here, 4 in 100 more are taken for some."""
RUN_TOGETHER, SHORTEST_HALF = 7, 3
"""Letters from which on a word may be two without the blank, and that each of the two has."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BIT = {letter: 1 << place for place, letter in enumerate(_LETTERS)}
REMEMBERED = 2_000


class Dictionary:
    """The words that may be meant, for one edition."""

    def __init__(self, uses: Mapping[str, int], beside: Callable[[str, str], bool]) -> None:
        """Keep the words and how many items use each; `beside` tells which two stand side by side."""
        self.uses = uses
        self._beside = beside
        self._near: dict[tuple[int, str], list[tuple[int, str]]] = {}
        """Words by their length and first letter, with the letters they have."""
        self._meant: dict[str, str | None] = {}

    def meant(self, word: str) -> str | None:
        """The word, or the two words with a blank between them, that was meant; None where nothing is near."""
        if len(word) < SHORTEST or not word.isalpha() or not word.isascii():
            return None
        if word not in self._meant:
            if len(self._meant) >= REMEMBERED:
                self._meant.clear()
            self._meant[word] = self._apart(word) or self._nearest(word)
        return self._meant[word]

    def _apart(self, word: str) -> str | None:
        """The two words that it is without the blank."""
        cuts = range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1) if len(word) >= RUN_TOGETHER else ()
        halves = ((word[:at], word[at:]) for at in cuts)
        both = [half for half in halves if half[0] in self.uses and half[1] in self.uses and self._beside(*half)]
        return " ".join(max(both, key=lambda half: min(map(self.uses.__getitem__, half)))) if both else None

    def _nearest(self, word: str) -> str | None:
        near = [each for each in one_edit(word) if each in self.uses]
        if not near and len(word) >= TWICE:
            near = [each for each in self._alike(word) if distance(word, each) <= 2]
        # People rarely mistake the first letter; of equals the word that more items use, then the first in order.
        return min(near, key=lambda each: (each[0] != word[0], -self.uses[each], each), default=None)

    def _alike(self, word: str) -> Iterable[str]:
        """Words of nearly the same letters: two edits change at most four of them."""
        if not self._near:
            for each in self.uses:
                if each.isalpha():
                    self._near.setdefault((len(each), each[0]), []).append((letters(each), each))
        held = letters(word)
        firsts, most = (_LETTERS, ANY) if len(word) >= LONG else (word[0], CAUTIOUS)
        for length in range(len(word) - 2, len(word) + 3):
            for first in firsts:
                for other, each in self._near.get((length, first), ()):
                    if (held ^ other).bit_count() <= most:
                        yield each

    def begins(self, prefix: str, count: int) -> list[str]:
        """The words most used that begin so."""
        found = [word for word in self.uses if word.startswith(prefix)]
        return sorted(found, key=lambda word: (-self.uses[word], word))[:count]


def letters(word: str) -> int:
    """Which letters a word has, as bits."""
    held = 0
    for letter in word:
        held |= _BIT.get(letter, 0)
    return held


def one_edit(word: str) -> set[str]:
    """Everything that is one edit away."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    without = {head + tail[1:] for head, tail in cuts if tail}
    turned = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    other = {head + letter + tail[1:] for head, tail in cuts if tail for letter in _LETTERS}
    more = {head + letter + tail for head, tail in cuts for letter in _LETTERS}
    return (without | turned | other | more) - {word}


def distance(one: str, other: str) -> int:
    """Edits from one word to the other: a letter more, less or other, or neighbours that changed places."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]
