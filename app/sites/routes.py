"""Learning sites."""

from typing import Annotated, Any

from fastapi import Query

from app.core.answers import Answer
from app.core.errors import NotAcceptable
from app.core.web import new_router
from app.editions.documented import ITEM, LIST
from app.editions.reading import (
    GEOJSON,
    SPARSE,
    Narrowing,
    NegotiatedContent,
    Reader,
    SlugPath,
    accepts,
    cut_page,
    find_shaped,
    list_items,
    one_item,
    shape,
)
from app.editions.snapshot import Entry, Snapshot
from app.sites.content import LEARNING_SITE, LearningSite
from app.sites.geojson import feature, feature_collection, without_coordinates
from app.sites.places import Point, distance_km, places
from app.sites.schemas import SiteFormat, SiteItemQuery, SitePage, SiteQuery, as_box, as_point

router = new_router("/v1", "Learning sites")


def _with_geojson(declared: dict[int | str, dict[str, Any]], schema: str) -> dict[int | str, dict[str, Any]]:
    content = {**declared[200]["content"], GEOJSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {**declared, 200: {**declared[200], "content": content}}


@router.get(
    "/learning-sites",
    response_model=SitePage,
    operation_id="listLearningSites",
    responses=_with_geojson(LIST, "SiteFeatureCollection"),
)
async def list_learning_sites(content: NegotiatedContent, query: Annotated[SiteQuery, Query()]) -> Answer:
    """List the learning sites.

    Filters combine: a site must pass each of them, and passes one by any of its values. `near` sorts by distance and
    fills `distance_km`; `radius_km` and `bbox` keep what is near by or inside. With `Accept: application/geo+json` or
    `format=geojson` the page is a GeoJSON feature collection (RFC 7946), ready for a map.
    """
    wants_map = _wants_geojson(content, query.format)
    kind = LEARNING_SITE.name
    if not wants_map:
        return await list_items(content, kind, query, lambda snapshot: narrowed(snapshot, query))
    cut = await cut_page(content, kind, query, lambda snapshot: narrowed(snapshot, query))
    return content.answer(feature_collection(cut), media_type=GEOJSON, headers=cut.link_header())


@router.get(
    "/learning-sites/{slug}",
    response_model=LearningSite,
    operation_id="getLearningSite",
    responses=_with_geojson(ITEM, "SiteFeature"),
)
async def get_learning_site(
    content: NegotiatedContent, slug: SlugPath, query: Annotated[SiteItemQuery, Query()]
) -> Answer:
    """Get one learning site, as JSON or as a GeoJSON feature."""
    if not _wants_geojson(content, query.format):
        return await one_item(content, LEARNING_SITE.name, slug, query)
    snapshot, entry, names = await find_shaped(content, LEARNING_SITE.name, slug, query)
    item = shape(snapshot, entry, without_coordinates(names), query.include, in_list=False)
    return content.answer(feature(entry, item), media_type=GEOJSON)


def narrowed(snapshot: Snapshot, query: SiteQuery) -> Narrowing:
    """What the places asked for add to the filters: which sites, nearest first, and how far each is."""
    index, collection = places(snapshot), snapshot[LEARNING_SITE.name]
    mask = collection.everything
    if query.bbox:
        mask &= collection.mask_of(index.inside(as_box(query.bbox)))
    if not query.near:
        return Narrowing(mask)
    centre = as_point(query.near)
    if query.radius_km is not None:
        mask &= collection.mask_of(index.within(centre, query.radius_km))

    def computed(entry: Entry) -> dict[str, float]:
        there = Point(entry.keys["latitude"], entry.keys["longitude"])
        # Sites are placed at the centre of their city, so metres would pretend too much.
        return {"distance_km": round(distance_km(centre, there), 1)}

    return Narrowing(mask, lambda kept, count: index.nearest(centre, kept, count), computed)


def _wants_geojson(content: Reader, asked: SiteFormat | None) -> bool:
    """Which form: what `format` says, else the best that `Accept` takes."""
    if asked is not None:
        return asked is SiteFormat.GEOJSON
    offered = ("application/json", SPARSE, GEOJSON)
    media = accepts(content.request.headers.get("accept"), offered)
    if media is None:
        told = "Learning sites are application/json or application/geo+json."
        raise NotAcceptable(told, available=["application/json", GEOJSON])
    return media == GEOJSON
