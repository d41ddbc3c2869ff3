"""Which learning sites fit an agency, and why: pure functions over the table of `terms`.

A site's score is the sum of its terms, a term is its weight times its value, every contribution is a whole number: the
sum is exact in any language. Only what the agency told about itself makes a term.

What is not known of a site counts half of its term: a site that is known to be like you comes before it, a site known
to be unlike you comes after it. It is said in the term's reason and named in `unknown`, never passed over in silence.

Equal scores keep the order of the list of learning sites, so neither the order in which an agency names its aims nor
the order in which sites were written changes an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from app.editions.snapshot import Entry, Snapshot
from app.sites.content import LEARNING_SITE
from app.sites.places import Point
from app.sites.terms import STEPS, TERMS, Agency, Site, Term

UNKNOWN = STEPS // 2
"""What a comparison counts whose answer is not known."""
NOT_KNOWN = "Not known of this site; counted half, so that it neither helps nor harms."
UNKNOWN_RULE = (
    "What is not known of a site counts half of the term's weight, is said in the term's reason, and is named in "
    "`unknown`. What you did not describe makes no term."
)


@dataclass(frozen=True)
class Weighed:
    """One term of a score."""

    name: str
    weight: int
    steps: int
    unknown: bool
    reason: str

    @property
    def value(self) -> float:
        """From 0, nothing in common, to 1, alike."""
        return self.steps / STEPS

    @property
    def contribution(self) -> int:
        """Weight times value; whole, because weights are multiples of the number of steps."""
        return self.weight * self.steps // STEPS


@dataclass(frozen=True)
class Match:
    """A site, and how well it fits."""

    position: int
    score: int
    terms: tuple[Weighed, ...]


def rank(agency: Agency, sites: Sequence[Site], limit: int) -> list[Match]:
    """The sites that fit best, best first."""
    asked = [term for term in TERMS if term.asked(agency)]
    scores = [0] * len(sites)
    for term in asked:
        held = [term.of(site) for site in sites]
        # Ten thousand sites are in few settings and states: each different value is compared once.
        points = {value: _points(term, agency, value) for value in set(held)}
        scores = [so_far + points[value] for so_far, value in zip(scores, held, strict=True)]
    best = nsmallest(limit, ((-score, site.position, site) for score, site in zip(scores, sites, strict=True)))
    return [Match(site.position, -low, tuple(weigh(term, agency, site) for term in asked)) for low, _, site in best]


def _points(term: Term, agency: Agency, held: Any) -> int:
    steps = term.steps(agency, held)
    return term.weight * (UNKNOWN if steps is None else steps) // STEPS


def weigh(term: Term, agency: Agency, site: Site) -> Weighed:
    """One term of a site's score, with its reason."""
    held = term.of(site)
    steps = term.steps(agency, held)
    if steps is None:
        return Weighed(term.name, term.weight, UNKNOWN, unknown=True, reason=NOT_KNOWN)
    return Weighed(term.name, term.weight, steps, unknown=False, reason=term.tell(agency, held))


def site_of(position: int, entry: Entry) -> Site:
    """What matching looks at in a published site."""
    keys = entry.keys
    return Site(
        position=position,
        officers=keys["officers"],
        size=keys["size"],
        people=keys["people"],
        setting=keys["setting"],
        kind=keys["kind"],
        state=keys["state"],
        program_types=frozenset(keys["program_types"]),
        strengths=frozenset(keys["strengths_for"]),
        place=Point(keys["latitude"], keys["longitude"]),
    )


def matchable(snapshot: Snapshot) -> list[Site]:
    """The sites of an edition, made comparable once."""

    def make(edition: Snapshot) -> list[Site]:
        entries = edition[LEARNING_SITE.name].entries
        return [site_of(position, entry) for position, entry in enumerate(entries)]

    return snapshot.derived("matchable", make)
