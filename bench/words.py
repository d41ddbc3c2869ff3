"""Prose that reads like the toolkit's own: a walk over its word pairs, so that searches meet real words and phrases."""

import random
import re
from collections.abc import Iterable
from itertools import pairwise

WORD = re.compile(r"[A-Za-z][a-z]+(?:[-'][a-z]+)*")


class Prose:
    """Makes sentences of the words that follow each other in the texts it was given; the same for the same seed."""

    def __init__(self, texts: Iterable[str], chance: random.Random) -> None:
        """Learn which word follows which."""
        self.chance = chance
        self.follows: dict[str, list[str]] = {}
        for text in texts:
            words = [word.lower() for word in WORD.findall(text)]
            for word, following in pairwise(words):
                self.follows.setdefault(word, []).append(following)
        self.starts = sorted(word for word, following in self.follows.items() if len(following) > 1)

    def phrase(self, length: int) -> list[str]:
        """That many words in a row."""
        word = self._pick(self.starts)
        words = [word]
        while len(words) < length:
            word = self._pick(self.follows.get(word) or self.starts)
            words.append(word)
        return words

    def sentence(self, shortest: int = 8, longest: int = 18) -> str:
        """A sentence, with a capital letter and a full stop."""
        text = " ".join(self.phrase(self.chance.randint(shortest, longest)))
        return f"{text[0].upper()}{text[1:]}."

    def title(self, length: int) -> str:
        """A few words with capital letters."""
        return " ".join(word.capitalize() for word in self.phrase(length))

    def _pick(self, words: list[str]) -> str:
        return words[int(self.chance.random() * len(words))]
