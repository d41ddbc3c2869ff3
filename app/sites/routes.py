"""Learning sites."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from app.core.answers import Answer
from app.core.errors import Invalid, NotAcceptable
from app.core.web import also, new_router, problems
from app.editions.asking import SPARSE, SlugPath
from app.editions.documented import ITEM, LIST
from app.editions.reader import Content, EditionNotFound, NegotiatedContent, Reader, accepts
from app.editions.reading import Narrowing, cut_page, find_shaped, list_items, one_item
from app.editions.shaping import shape
from app.editions.snapshot import Entry, Snapshot
from app.sites.agency import AgencyIn, Matches, MatchQuery
from app.sites.content import LEARNING_SITE, LearningSite
from app.sites.geojson import GEOJSON, feature, feature_collection, without_coordinates
from app.sites.matching import UNKNOWN_RULE, Match, matchable, rank
from app.sites.places import Point, distance_km, places
from app.sites.schemas import SiteFormat, SiteItemQuery, SitePage, SiteQuery, as_box, as_point
from app.sites.terms import TERMS, Agency

PROGRAM_TYPE = LEARNING_SITE.links["program_types"]
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


def _unknown_types(snapshot: Snapshot, slugs: Iterable[Any]) -> list[dict[str, str]]:
    told = "No such slug; `GET /v1/program-types` lists those there are."
    kind = PROGRAM_TYPE
    wrong = [place for place, slug in enumerate(slugs) if isinstance(slug, str) and snapshot.get(kind, slug) is None]
    return [{"pointer": f"/program_types/{place}", "detail": told} for place in wrong]


def _also_unknown(request: Request, body: Any) -> list[dict[str, str]]:
    sent = body.get("program_types") if isinstance(body, dict) else None
    return _unknown_types(request.app.state.shelf.current, sent) if isinstance(sent, list) else []


@router.post(
    "/learning-sites/match",
    response_model=Matches,
    operation_id="matchLearningSites",
    responses={200: {"headers": {"Toolkit-Edition": {}}}, **problems(EditionNotFound)},
)
@also(_also_unknown)
async def match_learning_sites(
    content: Content, agency: Annotated[AgencyIn, Body()], query: Annotated[MatchQuery, Query()], response: Response
) -> dict[str, Any]:
    """Find the learning sites that fit an agency, and see why.

    Describe the agency as far as you like; only what you say counts. Each site comes with the terms that made its
    score (weight, value, contribution, reason), and the score is their exact sum. The weights are part of the answer.
    What is not known of a site is named, and counts half. Nothing of the description is stored or logged.
    """
    snapshot = await content.on(query.edition)
    unknown = _unknown_types(snapshot, agency.program_types)
    if unknown:
        raise Invalid(unknown)
    titles = {slug: entry.keys["title"] for slug in agency.program_types if (entry := snapshot.get(PROGRAM_TYPE, slug))}
    described, sites = agency.described(titles), matchable(snapshot)
    response.headers["Toolkit-Edition"] = str(snapshot.number)
    response.headers["Cache-Control"] = "no-store"
    asked = {term.name for term in TERMS if term.asked(described)}
    return {
        "edition": snapshot.number,
        "items": [_told(snapshot, described, match) for match in rank(described, sites, query.limit)],
        "total": len(sites),
        "highest": sum(term.weight for term in TERMS if term.name in asked),
        "weights": [
            {"name": term.name, "weight": term.weight, "reason": term.why, "used": term.name in asked} for term in TERMS
        ],
        "unknown_rule": UNKNOWN_RULE,
    }


def _told(snapshot: Snapshot, agency: Agency, match: Match) -> dict[str, Any]:
    entry = snapshot[LEARNING_SITE.name].entries[match.position]
    distance = _distance(agency.place, entry) if agency.place else None
    return {
        "site": {**entry.document(), "distance_km": distance},
        "score": match.score,
        "terms": match.terms,
        "unknown": [term.name for term in match.terms if term.unknown],
    }


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

    return Narrowing(
        mask,
        first=lambda kept, count: index.nearest(centre, kept, count),
        computed=lambda entry: {"distance_km": _distance(centre, entry)},
    )


def _distance(centre: Point, entry: Entry) -> float:
    there = Point(entry.keys["latitude"], entry.keys["longitude"])
    # Sites are placed at the centre of their city, so metres would pretend too much.
    return round(distance_km(centre, there), 1)


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
