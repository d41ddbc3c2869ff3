"""The index of places against brute force, with the antimeridian and the poles in every draw."""

from itertools import pairwise
from math import asin, atan2, cos, degrees, radians, sin, sqrt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.editions.snapshot import Collection, Entry
from app.sites.content import LEARNING_SITE
from app.sites.geojson import bounds
from app.sites.places import EARTH_KM, FARTHEST_KM, Box, Places, Point, distance_km

EDGE_LATITUDES = (-90.0, -89.9999, 0.0, 89.9999, 90.0)
EDGE_LONGITUDES = (-180.0, -179.9999, 0.0, 179.9999, 180.0)
latitudes = st.sampled_from(EDGE_LATITUDES) | st.floats(-90, 90)
longitudes = st.sampled_from(EDGE_LONGITUDES) | st.floats(-180, 180)
points = st.builds(Point, latitudes, longitudes)
boxes = st.tuples(longitudes, latitudes, longitudes, latitudes).map(
    lambda b: Box(b[0], min(b[1], b[3]), b[2], max(b[1], b[3]))
)
HAIR_KM = 1e-3
"""Two formulas for one distance differ by less, even at the other end of the world."""


def site(number: int, place: Point) -> Entry:
    slug = f"site-{number:05}"
    keys = {"title": slug, "latitude": place.latitude, "longitude": place.longitude}
    return Entry(LEARNING_SITE, slug, 1, b"", 0, b"", b"", keys)


def indexed(found: list[Point]) -> Places:
    return Places(Collection(LEARNING_SITE, [site(n, place) for n, place in enumerate(found)]))


def angle_km(a: Point, b: Point) -> float:
    """The distance by the angle between two vectors: not the formula under test."""

    def vector(p: Point) -> tuple[float, float, float]:
        latitude, longitude = radians(p.latitude), radians(p.longitude)
        return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)

    (x, y, z), (u, v, w) = vector(a), vector(b)
    cross = sqrt((y * w - z * v) ** 2 + (z * u - x * w) ** 2 + (x * v - y * u) ** 2)
    return EARTH_KM * atan2(cross, x * u + y * v + z * w)


def cloud(random, centre: Point, count: int) -> list[Point]:
    """Many places, half of them around one, so that circles grow over a crowd."""
    near = [
        Point(
            max(-90.0, min(90.0, centre.latitude + random.gauss(0, 2))),
            (centre.longitude + random.gauss(0, 3) + 540) % 360 - 180,
        )
        for _ in range(count // 2)
    ]
    even = [Point(degrees(asin(random.uniform(-1, 1))), random.uniform(-180, 180)) for _ in range(count - count // 2)]
    return near + even


@given(points, points)
@example(Point(0, 0), Point(0, 180))
@example(Point(90, 0), Point(-90, 77))
@example(Point(10, 180), Point(10, -180))
def test_a_distance_is_the_angle_between_two_places(a, b):
    assert distance_km(a, b) == pytest.approx(angle_km(a, b), abs=HAIR_KM)
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert 0 <= distance_km(a, b) < FARTHEST_KM


@given(st.lists(points, max_size=60), points, st.sampled_from([0.001, 50.0, FARTHEST_KM]) | st.floats(0.001, 20_000))
def test_a_circle_holds_what_brute_force_finds(found, centre, km):
    within = indexed(found).within(centre, km)
    for position, place in enumerate(found):
        away = angle_km(centre, place)
        if away < km - HAIR_KM:
            assert position in within
        elif away > km + HAIR_KM:
            assert position not in within
    ranked = [angle_km(centre, found[position]) for position in sorted(within, key=lambda p: within[p])]
    assert all(nearer <= farther + HAIR_KM for nearer, farther in pairwise(ranked))


@given(st.lists(points, max_size=60), boxes)
def test_a_box_holds_what_brute_force_finds(found, box):
    def inside(place: Point) -> bool:
        # Walk east from the western edge: a place is inside when it is met before the eastern edge.
        wide = 360.0 if (box.west, box.east) == (-180, 180) else (box.east - box.west) % 360
        if box.west != box.east and wide == 0:
            wide = 0.0 if box.west > box.east else 360.0
        east = (place.longitude - box.west) % 360
        pole = abs(place.latitude) == 90
        return box.south <= place.latitude <= box.north and (pole or east <= wide or wide == 360)

    got = set(indexed(found).inside(box))
    for position, place in enumerate(found):
        # On the edge itself the modulo rounds; comparing degrees does not.
        on_edge = min(abs(place.longitude - box.west) % 360, abs(place.longitude - box.east) % 360) < 1e-9
        if not on_edge or abs(place.latitude) == 90:
            assert (position in got) == inside(place), place


@settings(max_examples=30)
@given(points, st.integers(0, 800), st.randoms(use_true_random=False), st.integers(1, 300), st.booleans())
def test_the_nearest_are_what_sorting_everything_gives(centre, count, random, wanted, thin):
    found = cloud(random, centre, count)
    index = indexed(found)
    kept = [p for p in range(count) if not thin or random.random() < 0.5]
    mask = sum(1 << p for p in kept)
    got = index.nearest(centre, mask, wanted)
    assert len(got) == len(set(got)) == min(wanted, len(kept))
    assert set(got) <= set(kept)
    away = {p: angle_km(centre, found[p]) for p in kept}
    for shown, true in zip((away[p] for p in got), sorted(away.values()), strict=False):
        assert shown == pytest.approx(true, abs=HAIR_KM)


def test_equal_distances_keep_the_order_of_the_collection():
    twins = indexed([Point(10, 20)] * 500)
    everything = (1 << 500) - 1
    assert twins.nearest(Point(11, 21), everything, 70) == list(range(70))
    assert indexed([Point(1, 2)] * 9).nearest(Point(0, 0), 0b111111111, 5) == list(range(5))


def test_180_and_minus_180_are_one_meridian():
    index = indexed([Point(5, 180), Point(5, -180)])
    for box in (Box(170, 0, 180, 10), Box(-180, 0, -170, 10), Box(170, 0, -170, 10), Box(180, 0, -180, 10)):
        assert index.inside(box) == [0, 1]
    assert set(index.within(Point(5, 179.999), 1)) == {0, 1}


def test_at_a_pole_every_longitude_is_the_same_place():
    index = indexed([Point(90, 20), Point(-90, -170), Point(89.99, -160)])
    assert index.inside(Box(0, 80, 10, 90)) == [0]
    assert set(index.within(Point(90, -100), 5)) == {0, 2}


@given(st.lists(points, min_size=1, max_size=20))
def test_the_bounds_hold_every_place_and_leave_out_the_widest_gap(found):
    west, south, east, north = bounds([(p.longitude, p.latitude) for p in found])
    assert sorted(indexed(found).inside(Box(west, south, east, north))) == list(range(len(found)))
    if north < 90 and south > -90:
        around = sorted({p.longitude for p in found})
        gaps = [east - west for west, east in pairwise([*around, around[0] + 360])]
        assert (east - west) % 360 == pytest.approx(360 - max(gaps), abs=1e-9)


def test_bounds_cross_the_antimeridian_where_that_is_shorter():
    assert bounds([(170.0, 1.0), (-170.0, 2.0)]) == [170.0, 1.0, -170.0, 2.0]
    assert bounds([(-100.0, 1.0), (-80.0, 2.0)]) == [-100.0, 1.0, -80.0, 2.0]
    assert bounds([(0.0, 90.0), (10.0, 80.0)]) == [-180.0, 80.0, 180.0, 90.0]
