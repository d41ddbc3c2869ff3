"""Where learning sites are: distances, boxes, and an index that looks only near by.

The index is made once an edition. It keeps the sites in order of latitude, so a circle or a box looks at one band of
them. Inside the band, circles compare straight lines through the earth between points of a sphere: shorter line,
shorter way, without a sine for each site, and without special cases at the antimeridian or the poles. Without a radius
the circle grows until it holds the page that is asked for; a deep page of a long list costs more than the first.

Boxes are made of degrees and do meet both special cases: 180 is -180, a box whose west is greater than its east
crosses that line, and at a pole every longitude is the same point.
"""

from bisect import bisect_left, bisect_right
from math import asin, cos, degrees, pi, radians, sin, sqrt
from typing import NamedTuple

from app.editions.snapshot import Collection, Snapshot
from app.sites.content import LEARNING_SITE

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG); the distances of a sphere are within half a percent of the true ones."""
FARTHEST_KM = 20_016.0
"""Half the way round, rounded up: no two places are farther apart."""
FIRST_KM = 100.0
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
    north, south = radians(a.latitude), radians(b.latitude)
    height = sin((north - south) / 2) ** 2
    width = sin(radians(a.longitude - b.longitude) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(height + cos(north) * cos(south) * width)))


def _vector(point: Point) -> tuple[float, float, float]:
    """The place on a sphere of radius 1."""
    latitude, longitude = radians(point.latitude), radians(point.longitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


class Places:
    """The sites of one edition, by where they are; sites are named by their position in the collection."""

    def __init__(self, collection: Collection) -> None:
        """Put the sites in order of latitude."""
        points = [Point(e.keys["latitude"], e.keys["longitude"]) for e in collection.entries]
        self._order = sorted(range(len(points)), key=lambda position: points[position].latitude)
        self._latitudes = [points[position].latitude for position in self._order]
        self._longitudes = [points[position].longitude for position in self._order]
        self._vectors = [(position, *_vector(points[position])) for position in self._order]

    def within(self, centre: Point, km: float) -> dict[int, float]:
        """The sites at most so far from the centre, each with a number that grows with its distance."""
        angle = min(km / EARTH_KM, pi)
        reach = degrees(angle) + HAIR
        longest = 4 * sin(angle / 2) ** 2
        x, y, z = _vector(centre)
        band = self._band(centre.latitude - reach, centre.latitude + reach)
        lines = ((p, (u - x) * (u - x) + (v - y) * (v - y) + (w - z) * (w - z)) for p, u, v, w in self._vectors[band])
        return {position: line for position, line in lines if line <= longest}

    def nearest(self, centre: Point, mask: int, count: int) -> list[int]:
        """The first `count` sites of a mask by distance; equal distances keep the collection's order."""
        kept = mask.to_bytes(len(self._order) // 8 + 1, "little")  # shifting a long integer would copy it each time
        count = min(count, mask.bit_count())
        km = FIRST_KM
        while True:
            found = {p: line for p, line in self.within(centre, km).items() if kept[p >> 3] >> (p & 7) & 1}
            if len(found) >= count or km >= FARTHEST_KM:
                return sorted(found, key=lambda p: (found[p], p))[:count]
            km = min(km * 2, FARTHEST_KM)

    def inside(self, box: Box) -> list[int]:
        """The sites in a box, its edges included."""
        band = self._band(box.south, box.north)
        return [
            position
            for position, latitude, longitude in zip(
                self._order[band], self._latitudes[band], self._longitudes[band], strict=True
            )
            if abs(latitude) == 90 or _between(box.west, longitude, box.east)
        ]

    def _band(self, south: float, north: float) -> slice:
        return slice(bisect_left(self._latitudes, south), bisect_right(self._latitudes, north))


def _between(west: float, longitude: float, east: float) -> bool:
    if west > east:
        return longitude >= west or longitude <= east
    # 180 and -180 are one meridian, whichever of the two the box or the site names.
    return west <= longitude <= east or (abs(longitude) == 180 and (west == -180 or east == 180))


def places(snapshot: Snapshot) -> Places:
    """The index of an edition, made when first asked for."""
    return snapshot.derived("places", lambda edition: Places(edition[LEARNING_SITE.name]))
