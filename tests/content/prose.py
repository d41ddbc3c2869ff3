"""The published texts as a reader meets them: which fields are prose, and the blocks each is made of."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

from app.contents import KINDS
from app.editions.render import CITATION, bare, plain
from tests.make import seed_documents

PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
BODIES = {"topic": "body", "page": "body", "section": "body", "essential-element": "body", "faq": "answer"}
"""The texts that are read from beginning to end."""


@dataclass(frozen=True)
class Text:
    """One Markdown field of one item."""

    kind: str
    slug: str
    field: str
    markdown: str

    @property
    def where(self) -> str:
        return f"{self.kind}/{self.slug}.{self.field}"


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list item or a table row, as it was written."""

    kind: str
    content: str
    level: int = 0


@cache
def items() -> dict[tuple[str, str], dict]:
    """Every document of the real content."""
    return {key: json.loads(document) for key, document in seed_documents().items()}


def of_kind(name: str) -> list[dict]:
    return [item for (kind, _), item in items().items() if kind == name]


@cache
def texts() -> tuple[Text, ...]:
    """Every Markdown field."""
    found = []
    for kind in KINDS:
        for item in of_kind(kind.name):
            for field in kind.markdown:
                written = item[field]
                each = written if isinstance(written, list) else [] if written is None else [written]
                found += [Text(kind.name, item["slug"], field, bare(text)) for text in each]
    return tuple(found)


def bodies() -> list[Text]:
    return [text for text in texts() if BODIES.get(text.kind) == text.field]


def blocks(markdown: str) -> Iterator[Block]:
    """The blocks of a text, in order; a row of a table is one block."""
    tokens = PARSER.parse(markdown)
    row: list[str] | None = None
    parents: list[str] = []
    for place, token in enumerate(tokens):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield Block("header" if "thead" in parents else "row", " | ".join(row or []))
            row = None
        elif token.type == "inline" and row is not None:
            row.append(token.content)
        elif token.type == "inline":
            before = tokens[place - 1]
            if before.type == "heading_open":
                yield Block("heading", token.content, int(before.tag[1]))
            else:
                yield Block("item" if "list_item" in parents else "paragraph", token.content)
        if token.nesting == 1:
            parents.append(token.type.removesuffix("_open"))
        elif token.nesting == -1:
            parents.pop()


def words(markdown: str) -> int:
    return len(plain(markdown).split())


def spoken(content: str) -> str:
    """A block as it is read aloud: without citations and the marks of Markdown."""
    text = plain(CITATION.sub("", content))
    return re.sub(r"\s+([.,;:?!])", r"\1", " ".join(text.split()))


def sentences(content: str) -> list[str]:
    """The sentences of a block, each followed by its citations."""
    behind = re.sub(r"\s*((?:\[\^[^\]]+\]\s*)+)([.?!:;])", r"\2 \1", content)
    found = re.findall(r"(?:U\.S\.|.)+?(?:[.?!][\"”*]*(?=\s|$)|$)(?:\s*\[\^[^\]]+\])*", behind)
    return [each.strip() for each in found if each.strip()]


def grade(markdown: str) -> float:
    """The Flesch-Kincaid grade of the sentences; headings and tables are not sentences."""
    said = [spoken(block.content) for block in blocks(markdown) if block.kind in ("paragraph", "item")]
    text = " ".join(part if part[-1] in ".?!" else part.rstrip(":;,") + "." for part in said if part)
    sentences = len(re.findall(r"[.?!]+(?=\s|$)", text.replace("U.S.", "US")))
    found = text.split()
    syllables = sum(count_syllables(word) for word in found)
    return 0.39 * len(found) / sentences + 11.8 * syllables / len(found) - 15.59


# Counted by rule: the usual libraries either undercount by a twentieth or fetch a dictionary from elsewhere when first
# used. Over the words of this toolkit the rules below come within a thousandth of the CMU Pronouncing Dictionary.
EXCEPTIONS = {
    "people": 2, "hour": 2, "hours": 2, "our": 2, "any": 2, "area": 3, "areas": 3, "idea": 3, "several": 2, "safety": 2,
    "likely": 2, "experience": 4, "coordinator": 5, "coordination": 5, "layer": 2, "layers": 2,
}  # fmt: skip
VOWELS = re.compile(r"[aeiouy]+")
SILENT = re.compile(
    r"[^aeiouyl]e$|[aeiouy]les?$|[^aeiouydt]ed$|[aeiouy]led$|[^aeiouycgsxz]es$"
    r"|(?<=.e)(?=ment|work|one$|where$|thing$|ly$|ful$|less|line|load|hold)"
)
APART = re.compile(r"(?<![tscg])i(?:a|o|u(?!s?$))|(?<=[aeiouy])ing|(?<![gq])u(?:a|ou)|(?<!p)eo|iet|creat|riou")


def count_syllables(word: str) -> int:
    """How many syllables a word has, as one reads it aloud."""
    total = 0
    for part in re.findall(r"[A-Za-z]+(?:['’][a-z]+)?|\d+", word):
        plain_part = re.sub(r"['’]s?$", "", part)
        low = plain_part.lower()
        if part.isdigit() or (len(low) <= 3 and low not in EXCEPTIONS and not part.isupper()):
            total += 1
        elif plain_part.isupper():
            total += len(low)
        else:
            guess = len(VOWELS.findall(low)) - len(SILENT.findall(low)) + len(APART.findall(low))
            total += EXCEPTIONS.get(low) or max(1, guess)
    return max(total, 1)
