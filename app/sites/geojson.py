"""Learning sites as GeoJSON (RFC 7946): what maps and geographic information systems read.

A feature's `id` is the slug, its geometry a point (longitude first), its properties the item without the coordinates.
`total` and `links` are foreign members with the same meaning as in the plain list.
"""

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from app.core.web import Out
from app.core.words import Slug
from app.editions.kinds import Listing
from app.editions.reading import Cut
from app.editions.snapshot import Entry, encode
from app.sites.content import LearningSite

GEOJSON = "application/geo+json"
IN_GEOMETRY = ("latitude", "longitude")
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


def _any_may_be_absent(schema: dict[str, Any]) -> None:
    """Describe what is sent: no coordinates, and with `fields` only the properties asked for."""
    for name in IN_GEOMETRY:
        schema["properties"].pop(name)
    schema.pop("required")


class SiteProperties(LearningSite):
    """A learning site without its coordinates, which are the geometry.

    Every property is there, unless `fields` asked for some."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=_any_may_be_absent)


class SitePoint(Out):
    """A place: longitude, then latitude (WGS 84)."""

    type: Literal["Point"]
    coordinates: tuple[Longitude, Latitude]


class SiteFeature(Out):
    """A learning site as a GeoJSON feature."""

    type: Literal["Feature"]
    id: Slug
    geometry: SitePoint
    properties: SiteProperties


class SiteFeatureCollection(Out):
    """A page of learning sites as GeoJSON."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_serialization_defaults_required=False)

    type: Literal["FeatureCollection"]
    bbox: tuple[Longitude, Latitude, Longitude, Latitude] = Field(
        default_factory=lambda: (0.0, 0.0, 0.0, 0.0),
        description="West, south, east, north of the features on this page; west is greater than east where they lie "
        "on both sides of the antimeridian. Not there where the page is empty.",
    )
    features: list[SiteFeature]
    total: int = Field(description="How many sites match, on all pages.")
    links: Listing


def feature_collection(cut: Cut) -> bytes:
    """Write a page."""
    names = without_coordinates(cut.names)
    features = b",".join(feature(entry, cut.shaped(entry, names)) for entry in cut.entries)
    box = b'"bbox":%b,' % encode(bounds([_coordinates(e) for e in cut.entries])) if cut.entries else b""
    return b'{"type":"FeatureCollection",%b"features":[%b],"total":%d,"links":%b}' % (
        box, features, cut.total, encode(cut.links),
    )  # fmt: skip


def feature(entry: Entry, item: bytes) -> bytes:
    """Write one site, from its item as bytes."""
    place = encode({name: entry.keys[name] for name in IN_GEOMETRY})[1:-1] + b","
    # The coordinates stand side by side in every document, and a quotation mark inside a text is escaped: the only
    # place where these bytes can be is where the item says them.
    return b'{"type":"Feature","id":%b,"geometry":{"type":"Point","coordinates":%b},"properties":%b}' % (
        encode(entry.slug), encode(_coordinates(entry)), item.replace(place, b"", 1),
    )  # fmt: skip


def without_coordinates(names: list[str] | None) -> list[str] | None:
    """The fields asked for, as far as they are properties."""
    return None if names is None else [name for name in names if name not in IN_GEOMETRY]


def bounds(points: list[tuple[float, float]]) -> list[float]:
    """The smallest box around some places: the widest empty stretch of longitudes is what it leaves out."""
    south, north = min(latitude for _, latitude in points), max(latitude for _, latitude in points)
    if north == 90 or south == -90:
        return [-180.0, south, 180.0, north]  # RFC 7946 §5.3: a box with a pole in it goes all the way round
    around = sorted({longitude for longitude, _ in points})
    gaps = [(east - west, east, west) for west, east in pairwise(around)]
    gaps.append((around[0] + 360 - around[-1], around[0], around[-1]))
    _, first, last = max(gaps, key=lambda gap: gap[0])
    return [first, south, last, north]


def _coordinates(entry: Entry) -> tuple[float, float]:
    return entry.keys["longitude"], entry.keys["latitude"]
