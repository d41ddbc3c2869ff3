"""Where learning sites are: distances, boxes, and an index that looks only near by.

The index is made once an edition. It keeps the sites in order of latitude, so a circle or a box looks at one band of
them, passes over what lies too far east or west by comparing two numbers, and measures the few that remain. Without a
radius the circle grows until it holds the page that is asked for; a deep page of a long list costs more than the first.

Three places where plain comparison of degrees fails are met here and nowhere else: the antimeridian (180 is -180, and
a box whose west is greater than its east crosses it), the poles (every longitude is the same point), and a circle that
reaches over a pole (it holds every longitude).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import asin, cos, degrees, radians, sin, sqrt
from typing import NamedTuple

from app.editions.snapshot import Collection, Snapshot
from app.sites.content import LEARNING_SITE

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG); the distances of a sphere are within half a percent of the true ones."""
FARTHEST_KM = 20_016.0
"""Half the way round, rounded up: no two places are farther apart."""
FIRST_KM = 100.0
FEW = 400
"""So few sites are measured one by one."""
HAIR = 1e-7
"""Degrees by which a band is widened, so that rounding never loses a site on its edge."""


class Point(NamedTuple):
    """A place, in degrees (WGS 84)."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """A rectangle of degrees; where west is greater than east it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def distance_km(a: Point, b: Point) -> float:
    """The great-circle distance (haversine)."""
    return _haversine(radians(a.latitude), cos(radians(a.latitude)), a.longitude, b)


def _haversine(latitude: float, cosine: float, longitude: float, b: Point) -> float:
    """The distance from a place whose latitude is in radians and known with its cosine."""
    to = radians(b.latitude)
    height = sin((to - latitude) / 2) ** 2
    width = sin(radians(b.longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(height + cosine * cos(to) * width)))


class Places:
    """The sites of one edition, by where they are; sites are named by their position in the collection."""

    def __init__(self, collection: Collection) -> None:
        """Put the sites in order of latitude."""
        self.points = [Point(e.keys["latitude"], e.keys["longitude"]) for e in collection.entries]
        self._order = sorted(range(len(self.points)), key=lambda p: self.points[p].latitude)
        self._latitudes = [self.points[p].latitude for p in self._order]
        self._longitudes = [self.points[p].longitude for p in self._order]

    def within(self, centre: Point, km: float) -> dict[int, float]:
        """The sites at most so far from the centre, each with its distance."""
        angle = km / EARTH_KM
        reach = degrees(angle) + HAIR
        over_a_pole = abs(centre.latitude) + reach >= 90
        width = 180.0 if over_a_pole else degrees(asin(sin(angle) / cos(radians(centre.latitude)))) + HAIR
        latitude = radians(centre.latitude)
        cosine = cos(latitude)
        found = {}
        for i in self._band(centre.latitude - reach, centre.latitude + reach):
            gap = abs(self._longitudes[i] - centre.longitude)
            if min(gap, 360 - gap) <= width:
                position = self._order[i]
                away = _haversine(latitude, cosine, centre.longitude, self.points[position])
                if away <= km:
                    found[position] = away
        return found

    def nearest(self, centre: Point, mask: int, count: int) -> list[int]:
        """The first `count` sites of a mask by distance; equal distances keep the collection's order."""
        kept = _Bits(mask, len(self.points))
        members = mask.bit_count()
        if members <= FEW:
            found = {p: distance_km(centre, self.points[p]) for p in kept}
        else:
            km, found = FIRST_KM, {}
            while True:
                found = {p: away for p, away in self.within(centre, km).items() if p in kept}
                if len(found) >= min(count, members) or km >= FARTHEST_KM:
                    break
                km = min(km * 2, FARTHEST_KM)
        return sorted(found, key=lambda p: (found[p], p))[:count]

    def inside(self, box: Box) -> list[int]:
        """The sites in a box, its edges included."""
        return [
            self._order[i]
            for i in self._band(box.south, box.north)
            if abs(self._latitudes[i]) == 90 or _between(box.west, self._longitudes[i], box.east)
        ]

    def _band(self, south: float, north: float) -> range:
        return range(bisect_left(self._latitudes, south), bisect_right(self._latitudes, north))


class _Bits:
    """A mask that answers for one position without touching the others, as shifting a long integer would."""

    def __init__(self, mask: int, size: int) -> None:
        self._bytes = mask.to_bytes(size // 8 + 1, "little")
        self._size = size

    def __contains__(self, position: int) -> bool:
        return bool(self._bytes[position >> 3] >> (position & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        return (p for p in range(self._size) if p in self)


def _between(west: float, longitude: float, east: float) -> bool:
    if west > east:
        return longitude >= west or longitude <= east
    # 180 and -180 are one meridian, whichever of the two the box or the site names.
    return west <= longitude <= east or (abs(longitude) == 180 and (west == -180 or east == 180))


def places(snapshot: Snapshot) -> Places:
    """The index of an edition, made when first asked for."""
    return snapshot.derived("places", lambda edition: Places(edition[LEARNING_SITE.name]))
