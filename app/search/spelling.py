"""Typing errors: the published word that somebody meant who typed one that nobody published.

The words of the edition are the dictionary, unstemmed and with the number of items that use each. Only what is no word
of the content and no synonym is corrected: by one edit (a letter more, less, other, or two changed places), and
words of ten letters and more by two. Numbers, codes and words of four letters are left alone: too much is near them.
"""

from collections.abc import Iterable, Mapping

SHORTEST, LONG = 5, 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BIT = {letter: 1 << place for place, letter in enumerate(_LETTERS)}
REMEMBERED = 2_000


class Dictionary:
    """The words that may be meant, for one edition."""

    def __init__(self, uses: Mapping[str, int]) -> None:
        """Keep the words and how many items use each."""
        self.uses = uses
        self._by_length: dict[int, list[tuple[int, str]]] = {}
        self._meant: dict[str, str | None] = {}

    def meant(self, word: str) -> str | None:
        """The word that was probably meant; None where nothing is near."""
        if len(word) < SHORTEST or not word.isalpha() or not word.isascii():
            return None
        if word not in self._meant:
            if len(self._meant) >= REMEMBERED:
                self._meant.clear()
            self._meant[word] = self._nearest(word)
        return self._meant[word]

    def _nearest(self, word: str) -> str | None:
        near = [each for each in one_edit(word) if each in self.uses]
        if not near and len(word) >= LONG:
            near = [each for each in self._alike(word) if distance(word, each) <= 2]
        # People rarely mistake the first letter; of equals the word that more items use, then the first in order.
        return min(near, key=lambda each: (each[0] != word[0], -self.uses[each], each), default=None)

    def _alike(self, word: str) -> Iterable[str]:
        """Words of nearly the same letters: two edits change at most four of them."""
        if not self._by_length:
            for each in self.uses:
                if each.isalpha():
                    self._by_length.setdefault(len(each), []).append((letters(each), each))
        held = letters(word)
        for length in range(len(word) - 2, len(word) + 3):
            for other, each in self._by_length.get(length, ()):
                if (held ^ other).bit_count() <= 4:
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
