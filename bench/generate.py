"""A large toolkit: the real content and made-up learning sites and topics beside it, the same for the same seed.

Sizes follow the real content: a site has about 250 words of description and highlights and cites four to eight
sources, a topic has a body of about 250 words with headings, links and citations. Everything passes the checks that
authors' content passes, so what is measured is what would be served.

`python -m bench.generate toolkit.ndjson` writes an export that `pmhc load` reads.
"""

import argparse
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.contents import KINDS
from app.core.words import STATES
from app.editions.load import Draft, Progress, check, read
from app.editions.publish import export_line
from app.editions.render import plain
from app.sites.content import LEARNING_SITE, Cohort, Setting, SiteKind, SiteStrength, SizeBand
from app.toolkit.content import TOPIC
from bench.progress import shown
from bench.words import Prose

SEED_DATA = Path(__file__).parents[1] / "seed_data"
FIRST = (
    "Ash Bay Bear Birch Bridge Brook Cedar Clay Clear Cold Cross Deer Eagle Elm Fair Falcon Glen Gold Grand Green "
    "Harbor Hazel High Iron Juniper Lake Laurel Long Maple Mill New North Oak Pine Quail Red River Rock Rose Salt "
    "Silver South Spring Stone Summer Sun Timber Union Walnut West White Wild Willow Wolf"
)
LAST = (
    "bend borough brook bury dale field ford grove haven hill hollow hurst land mont mouth point port ridge shore side "
    "stead ton town vale view ville water way wick wood"
)
AGENCIES = {
    SiteKind.CITY: "Police Department", SiteKind.TOWN: "Police Department", SiteKind.COUNTY: "County Sheriff's Office",
    SiteKind.CAMPUS: "University Police Department", SiteKind.COALITION: "Regional Crisis Coalition",
}  # fmt: skip
FIGURES = ("sworn_officers", "civilian_staff", "total_staff", "population_served", "census_population")

Documents = dict[tuple[str, str], str]


class Maker:
    """Makes records that refer to the real content and to each other."""

    def __init__(self, real: list[Draft], sites: int, topics: int, seed: int) -> None:
        """Learn the toolkit's words, and what there is to refer to."""
        self.chance = random.Random(seed)
        self.slugs: dict[str, list[str]] = {}
        for draft in real:
            self.slugs.setdefault(draft.kind.name, []).append(draft.slug)
        self.prose = Prose(_texts(real), self.chance)
        self.cities = [f"{first}{last}" for first in FIRST.split() for last in LAST.split() if first.lower() != last]
        self.sites, self.topics = sites, topics
        self.site_slugs: list[str] = []

    def some(self, kind: str, most: int) -> list[str]:
        """Up to so many slugs of a kind."""
        return self.chance.sample(self.slugs[kind], self.chance.randint(1, most))

    def citations(self, least: int, most: int) -> list[str]:
        """Labels of sources."""
        return self.chance.sample(self.slugs["source"], self.chance.randint(least, most))

    def paragraphs(self, count: int, sentences: int, labels: list[str]) -> list[str]:
        """Paragraphs whose sentences cite the labels, now and then."""
        return [" ".join(self._cited(labels) for _ in range(sentences)) for _ in range(count)]

    def _cited(self, labels: list[str]) -> str:
        sentence = self.prose.sentence()
        return f"{sentence[:-1]} [^{self.chance.choice(labels)}]." if self.chance.random() < 0.4 else sentence

    def site(self, number: int) -> dict[str, Any]:
        """A learning site."""
        chance, labels = self.chance, self.citations(4, 8)
        city, kind = chance.choice(self.cities), chance.choice(list(SiteKind))
        state = chance.choice(sorted(STATES))
        title = f"{city} {AGENCIES[kind]}"
        slug = f"{_slug(title)}-{number}"
        self.site_slugs.append(slug)
        return {
            "slug": slug,
            "title": title,
            "short_title": f"{city}, {STATES[state]}",
            "summary": f"{self.prose.sentence(12, 18)} {self.prose.sentence()}"[:400],
            "aliases": [f"{city[0]}{city[1].upper()}PD {number}"],
            "former_slugs": [f"{slug}-before"] if number % 50 == 0 else [],
            "kind": kind,
            "setting": chance.choice(list(Setting)),
            "size": chance.choice([*SizeBand, None]),
            "city": city,
            "counties": [f"{chance.choice(FIRST.split())} County"],
            "state": state,
            "latitude": round(chance.uniform(25, 48), 4),
            "longitude": round(chance.uniform(-124, -68), 4),
            "location_note": f"City center of {city}, not the police station.",
            "cohort": chance.choice(list(Cohort)),
            "figures": {name: self._figure(labels) for name in FIGURES},
            "program_types": self.some("program-type", 3),
            "program_types_note": self.prose.sentence(),
            "strengths_for": chance.sample(list(SiteStrength), chance.randint(2, 6)),
            "highlights": [self._cited(labels) for _ in range(5)],
            "partners": [self.prose.title(4) for _ in range(5)],
            "description": "\n\n".join(self.paragraphs(3, 4, labels)),
            "website": f"https://www.{_slug(title)}-{number}.example.gov/mental-health",
            "website_confidence": "medium",
            "topics": self.some("topic", 4),
            "resources": self.some("resource", 4),
            "sources": labels,
        }

    def _figure(self, labels: list[str]) -> dict[str, Any] | None:
        if self.chance.random() < 0.2:
            return None
        value, cited = self.chance.randint(20, 20_000), [self.chance.choice(labels)]
        return {"value": value, "as_of": "2019", "approximate": True, "note": self.prose.sentence(), "sources": cited}

    def topic(self, number: int) -> dict[str, Any]:
        """A topic, with two headings, a list and links."""
        labels, chance = self.citations(4, 10), self.chance
        title = self.prose.title(chance.randint(3, 6))[:180]
        opening, *rest = self.paragraphs(5, 3, labels)
        points = "\n".join(f"- {self.prose.sentence(5, 10)}" for _ in range(4))
        link = f"See [{self.prose.title(3)}](program-type:{chance.choice(self.slugs['program-type'])})"
        if self.site_slugs:
            link += f" and [{self.prose.title(3)}](learning-site:{chance.choice(self.site_slugs)})"
        body = f"{opening}\n\n## {self.prose.title(3)}\n\n{rest[0]}\n\n{points}\n\n{rest[1]}\n\n"
        body += f"## {self.prose.title(4)}\n\n{rest[2]}\n\n{rest[3]}\n\n{link} [^{labels[0]}].\n"
        return {
            "slug": f"{_slug(title)[:70]}-{number}",
            "title": title,
            "summary": f"{self.prose.sentence(12, 18)} {self.prose.sentence()}"[:400],
            "section": chance.choice(self.slugs["section"]),
            "position": number,
            "elements": self.some("essential-element", 3),
            "program_types": self.some("program-type", 2),
            "learning_sites": chance.sample(self.site_slugs, min(3, len(self.site_slugs))),
            "resources": self.some("resource", 5),
            "facts": self.some("fact", 2),
            "measures": self.some("measure", 4),
            "sources": labels,
            "body": body,
        }

    def drafts(self) -> Iterator[Draft]:
        """Everything that is made up."""
        for number in range(1, self.sites + 1):
            yield Draft(LEARNING_SITE, "made up", self.site(number))
        for number in range(101, 101 + self.topics):
            yield Draft(TOPIC, "made up", self.topic(number))


def _texts(drafts: list[Draft]) -> Iterator[str]:
    for draft in drafts:
        for field in (*draft.kind.markdown, "summary"):
            value = draft.data.get(field)
            for text in [value] if isinstance(value, str) else value or []:
                yield plain(text)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


def documents(sites: int, topics: int, *, seed: int = 1, progress: Progress = lambda *_: None) -> Documents:
    """The real content with so many made-up sites and topics, checked and ready to be published."""
    real = read(SEED_DATA, KINDS)
    made = []
    for done, draft in enumerate(Maker(real, sites, topics, seed).drafts()):
        progress("Making up content", done, sites + topics)
        made.append(draft)
    return check([*real, *made], progress)


def main() -> None:
    """Write a large toolkit as an export."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("target", type=Path, help="file to write, in the form that `pmhc load` reads")
    parser.add_argument("--sites", type=int, default=10_000, help="made-up learning sites (default 10000)")
    parser.add_argument("--topics", type=int, default=10_000, help="made-up topics (default 10000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another toolkit (default 1)")
    chosen = parser.parse_args()
    with shown() as progress:
        made = documents(chosen.sites, chosen.topics, seed=chosen.seed, progress=progress)
    chosen.target.write_bytes(b"".join(export_line(*key, made[key]) for key in sorted(made)))
    print(f"{len(made)} items written to {chosen.target}.")


if __name__ == "__main__":
    main()
