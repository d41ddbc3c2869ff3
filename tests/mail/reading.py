"""Reads letters as programs that read aloud do: the words of a page in order, and the shape of its elements."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br"}
SILENT = {"head", "style", "title"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    children: list["Element | str"] = field(default_factory=list)

    def all(self, *tags: str) -> list["Element"]:
        found = [self] if not tags or self.tag in tags else []
        for child in self.children:
            if isinstance(child, Element):
                found += child.all(*tags)
        return found

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    @property
    def style(self) -> dict[str, str]:
        pairs = (rule.partition(":") for rule in self.attributes.get("style", "").split(";") if rule.strip())
        return {name.strip(): value.strip() for name, _, value in pairs}

    def inherited(self, name: str) -> str | None:
        element = self
        while element is not None:
            if name in element.style:
                return element.style[name]
            element = element.parent
        return None


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {}, None)
        self.here = self.root

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs), self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag):
        assert self.here.tag == tag, f"<{self.here.tag}> is closed by </{tag}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.children.append(data)


def page(html: str) -> Element:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.here is builder.root
    return builder.root


def words_of_page(html: str) -> list[str]:
    """Every word a reader hears, with the addresses of links where a plain text names them."""

    def walk(element: Element) -> str:
        if element.tag in SILENT:
            return ""
        inner = "".join(child if isinstance(child, str) else walk(child) for child in element.children)
        if element.tag == "a" and element.attributes["href"].startswith("http"):
            return f"{inner}: {element.attributes['href']}"
        # A line of its own for what stands in a block.
        return inner if element.tag in {"a", "strong", "time"} else f" {inner} "

    return walk(page(html)).split()


def words_of_text(text: str) -> list[str]:
    """Every word of a plain text, without the marks that give it a shape."""
    lines = [line for line in text.split("\n") if not re.fullmatch(r"=+|-+", line)]
    return " ".join(re.sub(r"^(> ?|\s*- |\s*\d+\. )", "", line) for line in lines).split()


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def grade(prose: str) -> float:
    """Flesch-Kincaid, with syllables counted as groups of vowels: near enough to tell plain from stiff."""
    words = re.findall(r"[A-Za-z']+", prose)
    sentences = max(1, len(re.findall(r"[.!?:](?=\s|$)", prose)))
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$|es$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
