"""How an agency and a learning site are compared: one table of terms, each with its weight and its reason.

A comparison answers in fiftieths, from 0 (nothing in common) to 50 (alike), or None where it is not known of the site.
Weights are multiples of 50, so a contribution is a whole number. To weigh differently, change `TERMS`, and nothing
else: the answer publishes the table, and `matching` adds up whatever it finds there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log10
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from app.sites.content import Count, Setting, SiteKind, SiteStrength, SizeBand
from app.sites.places import Point, distance_km

Size = tuple[Count | None, str | None]
STEPS = 50
"""A value is so many fiftieths."""
FAR_KM = 2000.0
"""From here on a site's distance speaks against it as much as it can."""


@dataclass(frozen=True)
class Agency:
    """What an agency told about itself; None, or nothing, where it told nothing."""

    officers: int | None = None
    size: SizeBand | None = None
    population: int | None = None
    setting: Setting | None = None
    kind: SiteKind | None = None
    state: str | None = None
    program_types: frozenset[str] = frozenset()
    aims: frozenset[SiteStrength] = frozenset()
    place: Point | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    """What the program types are called."""

    @property
    def band(self) -> SizeBand | None:
        """The band of its size, whichever way it was told."""
        return self.size if self.officers is None else band_of(self.officers)


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a learning site; words are plain strings, which compare and hash faster than members."""

    position: int
    officers: Count | None
    size: str | None
    people: Count | None
    setting: str
    kind: str
    state: str
    program_types: frozenset[str]
    strengths: frozenset[str]
    place: Point


@dataclass(frozen=True)
class Term:
    """One thing by which agencies and sites are compared."""

    name: str
    weight: int
    why: str
    """Why it is weighed so; published with every answer."""
    asked: Callable[[Agency], bool]
    of: Callable[[Site], Any]
    """What is looked at in a site."""
    steps: Callable[[Agency, Any], int | None]
    """How alike they are, in fiftieths; None where it is not known of the site."""
    tell: Callable[[Agency, Any], str]
    """The reason, where it is known."""


BANDS: Mapping[str, tuple[int, str]] = MappingProxyType({
    "under_100": (1, "under 100"),
    "100_499": (100, "100 to 499"),
    "500_1999": (500, "500 to 1,999"),
    "2000_plus": (2000, "2,000 or more"),
})  # fmt: skip
"""Each band of sworn officers, the least number in it, and its words."""
BAND_STEPS = (50, 25, 0, 0)
"""The same band, the next, and farther."""

_ALIKE: Mapping[frozenset[str], int] = MappingProxyType({
    frozenset(("urban", "suburban")): 25,
    frozenset(("suburban", "rural")): 25,
    frozenset(("city", "town")): 40,
    frozenset(("county", "coalition")): 40,
    frozenset(("city", "county")): 15,
    frozenset(("town", "county")): 15,
})  # fmt: skip
"""How alike two settings, or two kinds of jurisdiction, are that are not the same; 0 where nothing is said."""


def band_of(officers: int) -> SizeBand:
    """The band of a number of sworn officers."""
    return SizeBand(max((least, band) for band, (least, _) in BANDS.items() if officers >= least)[1])


def _alike(one: str, other: str) -> int:
    return STEPS if one == other else _ALIKE.get(frozenset((one, other)), 0)


def _ratio(one: int, other: int) -> int:
    """Equal numbers are alike, a tenfold difference is nothing in common."""
    return max(0, round(STEPS * (1 - abs(log10(one / other)))))


def _size(agency: Agency, held: Size) -> int | None:
    officers, size = held
    if agency.officers is not None and officers is not None:
        return _ratio(agency.officers, officers.value)
    if agency.band is None or size is None:
        return None
    bands = list(BANDS)
    return BAND_STEPS[abs(bands.index(agency.band) - bands.index(size))]


def _size_told(agency: Agency, held: Size) -> str:
    officers, size = held
    if agency.officers is not None and officers is not None:
        return f"{_counted(officers)}; you have {agency.officers:,}."
    same = "the same band as yours" if size == agency.band else "another band than yours"
    return f"Sworn officers: {BANDS[size][1] if size else 'not known'}, {same}."


def _counted(count: Count) -> str:
    return f"{count.value:,} {count.what}{f' (as of {count.as_of})' if count.as_of else ''}"


def _population(agency: Agency, people: Count | None) -> int | None:
    return None if people is None or agency.population is None else _ratio(agency.population, people.value)


def _population_told(agency: Agency, people: Count | None) -> str:
    return f"{_counted(people)}; you serve {agency.population:,}." if people else ""


def _setting_told(agency: Agency, setting: str) -> str:
    same = "as you are" if setting == agency.setting else f"you are {agency.setting}"
    return f"The place is {setting}, {same}."


def _kind_told(agency: Agency, kind: str) -> str:
    same = "as yours" if kind == agency.kind else f"yours is a {agency.kind}"
    return f"Its jurisdiction is a {kind}, {same}."


def _state_told(agency: Agency, state: str) -> str:
    return "In your state, under the same law." if state == agency.state else f"In another state ({state})."


def _share(wanted: frozenset[str], held: frozenset[str]) -> int | None:
    """How much of what is wanted is there; unknown where nothing is recorded at all."""
    return round(STEPS * len(wanted & held) / len(wanted)) if held else None


def _share_told(
    wanted: frozenset[str], held: frozenset[str], what: str, titles: Mapping[str, str] = MappingProxyType({})
) -> str:
    both = ", ".join(titles.get(word) or word.replace("_", " ") for word in sorted(wanted & held))
    return f"{len(wanted & held)} of {len(wanted)} {what}{': ' + both if both else ''}."


def _distance(agency: Agency, place: Point) -> int:
    return round(STEPS * max(0.0, 1 - distance_km(agency.place, place) / FAR_KM)) if agency.place else 0


TERMS: tuple[Term, ...] = (
    Term(
        "aims", 250,
        "What you want to learn is the reason for a visit, so what a site shows best weighs most.",
        lambda agency: bool(agency.aims),
        attrgetter("strengths"),
        lambda agency, held: _share(agency.aims, held),
        lambda agency, held: _share_told(agency.aims, held, "of your aims are among its strengths"),
    ),
    Term(
        "program_types", 200,
        "A site that already works in a way you want can show it in practice.",
        lambda agency: bool(agency.program_types),
        attrgetter("program_types"),
        lambda agency, held: _share(agency.program_types, held),
        lambda agency, held: _share_told(agency.program_types, held, "program types you want are here", agency.titles),
    ),
    Term(
        "size", 200,
        "Staffing, units and shifts carry over between agencies of like size. Counts are compared by their ratio (a "
        "tenfold difference is nothing in common); where one of the two has only a band, bands are compared.",
        lambda agency: agency.band is not None,
        attrgetter("officers", "size"), _size, _size_told,
    ),
    Term(
        "setting", 150,
        "Distances, partners and services differ between city, suburb, country and campus.",
        lambda agency: agency.setting is not None,
        attrgetter("setting"),
        lambda agency, setting: _alike(str(agency.setting), setting),
        _setting_told,
    ),
    Term(
        "population", 50,
        "Demand follows population, but size says most of it already; compared by ratio, as size is.",
        lambda agency: agency.population is not None,
        attrgetter("people"), _population, _population_told,
    ),
    Term(
        "kind", 50,
        "Who governs an agency shapes its agreements; a city and a town, a county and a coalition are close.",
        lambda agency: agency.kind is not None,
        attrgetter("kind"),
        lambda agency, kind: _alike(str(agency.kind), kind),
        _kind_told,
    ),
    Term(
        "state", 50,
        "One state has one law of commitment, privacy and training. There are too few sites to ask for more.",
        lambda agency: agency.state is not None,
        attrgetter("state"),
        lambda agency, state: STEPS if agency.state == state else 0,
        _state_told,
    ),
    Term(
        "distance", 50,
        f"A short way makes a visit cheaper; from {FAR_KM:,.0f} km on, farther makes no difference. Help by telephone "
        "does not depend on it, so it weighs little.",
        lambda agency: agency.place is not None,
        attrgetter("place"), _distance,
        lambda agency, place: f"{distance_km(agency.place, place):,.0f} km away." if agency.place else "",
    ),
)  # fmt: skip
"""Everything that counts, by weight; the weights make 1,000."""
