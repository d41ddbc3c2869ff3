"""The arithmetic of matching: whole sums, no order, nothing unknown in silence."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.words import STATES
from app.sites.content import Count, Setting, SiteKind, SiteStrength, SizeBand
from app.sites.matching import UNKNOWN, rank
from app.sites.places import Point
from app.sites.terms import BANDS, STEPS, TERMS, Agency, Site, band_of

TYPES = ("crisis-intervention-team", "co-responder-team", "mobile-crisis-team", "case-management-team")
points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
counts = st.builds(Count, st.integers(1, 50_000_000), st.sampled_from([None, "2011"]), st.just("people served"))
agencies = st.builds(
    Agency,
    officers=st.none() | st.integers(1, 100_000),
    size=st.none() | st.sampled_from(SizeBand),
    population=st.none() | st.integers(1, 100_000_000),
    setting=st.none() | st.sampled_from(Setting),
    kind=st.none() | st.sampled_from(SiteKind),
    state=st.none() | st.sampled_from(sorted(STATES)),
    program_types=st.frozensets(st.sampled_from(TYPES)),
    aims=st.frozensets(st.sampled_from(SiteStrength)),
    place=st.none() | points,
)
sites = st.lists(
    st.builds(
        Site,
        position=st.just(0),
        officers=st.none() | counts,
        size=st.none() | st.sampled_from(sorted(BANDS)),
        people=st.none() | counts,
        setting=st.sampled_from([setting.value for setting in Setting]),
        kind=st.sampled_from([kind.value for kind in SiteKind]),
        state=st.sampled_from(sorted(STATES)),
        program_types=st.frozensets(st.sampled_from(TYPES)),
        strengths=st.frozensets(st.sampled_from([strength.value for strength in SiteStrength])),
        place=points,
    ),
    max_size=12,
).map(lambda made: [replace(site, position=n) for n, site in enumerate(made)])
LIKE = Agency(
    officers=150, population=90_000, setting=Setting.RURAL, kind=SiteKind.COUNTY, state="TN",
    program_types=frozenset(TYPES[:2]), aims=frozenset((SiteStrength.DISPATCH, SiteStrength.YOUTH)),
    place=Point(35, -88),
)  # fmt: skip
TWIN = Site(
    position=0, officers=Count(150, None, "sworn officers"), size="100_499",
    people=Count(90_000, None, "people served"), setting="rural", kind="county", state="TN",
    program_types=LIKE.program_types, strengths=frozenset(("dispatch", "youth")), place=LIKE.place,
)  # fmt: skip
STRANGER = Site(
    position=0, officers=Count(9_000, None, "sworn officers"), size="2000_plus",
    people=Count(4_000_000, None, "people served"), setting="campus", kind="campus", state="CA",
    program_types=frozenset(TYPES[2:]), strengths=frozenset(("campus",)), place=Point(-35, 92),
)  # fmt: skip


def test_the_weights_make_a_thousand_and_every_contribution_whole():
    assert sum(term.weight for term in TERMS) == 1000
    assert all(term.weight % STEPS == 0 and term.why.endswith(".") for term in TERMS)
    assert [term.weight for term in TERMS] == sorted((term.weight for term in TERMS), reverse=True)


@given(agencies, sites)
def test_a_score_is_the_sum_of_its_terms(agency, known):
    for match in rank(agency, known, 50):
        assert match.score == sum(term.contribution for term in match.terms)
        for term in match.terms:
            assert 0 <= term.value <= 1
            assert term.contribution == pytest.approx(term.weight * term.value, abs=1e-9)
            assert term.reason.endswith(".")
        assert [t.name for t in match.terms] == [t.name for t in TERMS if t.asked(agency)]


@given(agencies, sites, st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_order_of_the_sites_changes_nothing(agency, known, random, limit):
    shuffled = random.sample(known, len(known))
    assert rank(agency, shuffled, limit) == rank(agency, known, limit) == rank(agency, known, 50)[:limit]


@given(agencies, sites)
def test_the_best_come_first_and_equals_keep_the_order_of_the_list(agency, known):
    got = [(-match.score, match.position) for match in rank(agency, known, 50)]
    assert got == sorted(got)
    assert len(got) == len(known)


@given(agencies, sites)
@settings(max_examples=50)
def test_what_is_not_known_of_a_site_counts_half_and_says_so(agency, known):
    blank = [replace(s, officers=None, size=None, people=None, strengths=frozenset()) for s in known]
    for match in rank(agency, blank, 50):
        for term in match.terms:
            assert term.unknown == (
                term.name in ("size", "population", "aims")
                or (term.name == "program_types" and not blank[match.position].program_types)
            )
            if term.unknown:
                assert term.value == 0.5
                assert "Not known of this site" in term.reason


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_site_not_known_stands_between_one_alike_and_one_unlike(term):
    assert term.steps(LIKE, term.of(TWIN)) == STEPS
    assert term.steps(LIKE, term.of(STRANGER)) == 0
    assert 0 < UNKNOWN < STEPS


def test_an_agency_that_tells_nothing_gets_the_list_as_it_is():
    known = [replace(TWIN, position=n) for n in range(5)]
    assert [(m.position, m.score, m.terms) for m in rank(Agency(), known, 5)] == [(n, 0, ()) for n in range(5)]


def test_a_twin_has_the_highest_score_and_a_stranger_the_lowest():
    best, worst = rank(LIKE, [TWIN, replace(STRANGER, position=1)], 2)
    assert (best.position, best.score, worst.position, worst.score) == (0, 1000, 1, 0)


@given(st.integers(1, 100_000))
def test_every_number_of_officers_has_one_band(officers):
    band = band_of(officers)
    least = BANDS[band.value][0]
    assert least <= officers
    assert all(officers < other or other <= least for other, _ in BANDS.values())


def test_a_band_is_compared_with_a_band_where_a_count_is_missing():
    (size,) = (term for term in TERMS if term.name == "size")
    by_band = Agency(size=SizeBand.FROM_500)
    assert size.steps(by_band, (TWIN.officers, "500_1999")) == STEPS
    assert size.steps(by_band, (TWIN.officers, "2000_plus")) == STEPS // 2
    assert size.steps(by_band, (TWIN.officers, "under_100")) == 0
    assert size.steps(by_band, (TWIN.officers, None)) is None
    assert size.steps(Agency(officers=700), (None, "500_1999")) == STEPS
