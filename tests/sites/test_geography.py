"""Where learning sites are, over HTTP: near by, in a box, on a map."""

import json
from math import inf

import jsonschema
import pytest

from app.sites.places import Point, distance_km
from tests.make import publish_documents, seed_documents

HOUSTON = "29.7604,-95.3698"
FIJI, SAMOA, POLE = (
    "los-angeles-police-department",
    "tucson-police-department",
    "gallia-jackson-meigs-sheriffs-offices",
)
"""Three sites that a test moves to the other side of the world."""


@pytest.fixture
async def moved(world):
    """The toolkit with sites on both sides of the antimeridian and at the North Pole."""
    documents = dict(seed_documents())
    for slug, (latitude, longitude) in {FIJI: (-17.7, 178.0), SAMOA: (-14.3, -170.7), POLE: (90, 12.5)}.items():
        document = json.loads(documents["learning-site", slug])
        document |= {"latitude": latitude, "longitude": longitude}
        documents["learning-site", slug] = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    await publish_documents(world.database, documents)
    await world.state.shelf.refresh()
    return world.client


async def listed(client, **query):
    answer = await client.get("/v1/learning-sites", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_near_sorts_by_distance_and_tells_it(reader):
    page = await listed(reader, near=HOUSTON)
    away = [site["distance_km"] for site in page["items"]]
    assert away == sorted(away)
    assert page["items"][0]["slug"] == "houston-police-department"
    assert away[0] == 0.0
    assert page["total"] == 10
    for site in page["items"]:
        true = distance_km(Point(29.7604, -95.3698), Point(site["latitude"], site["longitude"]))
        assert site["distance_km"] == round(true, 1)


async def test_without_near_no_distance_is_told(reader):
    assert {site["distance_km"] for site in (await listed(reader))["items"]} == {None}
    assert (await reader.get("/v1/learning-sites/houston-police-department")).json()["distance_km"] is None


async def test_a_radius_keeps_what_is_near_and_an_explicit_sort_beats_distance(reader):
    everything = await listed(reader, near=HOUSTON)
    radius = everything["items"][4]["distance_km"] + 1
    near = await listed(reader, near=HOUSTON, radius_km=radius)
    assert [s["slug"] for s in near["items"]] == [s["slug"] for s in everything["items"][:5]]
    by_title = await listed(reader, near=HOUSTON, radius_km=radius, sort="-title")
    titles = [site["title"] for site in by_title["items"]]
    assert titles == sorted(titles, reverse=True)
    assert all(site["distance_km"] <= radius for site in by_title["items"])


async def test_places_combine_with_filters_fields_and_include(reader):
    query = {"near": HOUSTON, "program_type": "co-responder-team", "bbox": "-125,24,-66,50", "setting": "urban"}
    page = await listed(reader, **query, fields="slug,distance_km,program_types,setting", include="program_types")
    assert page["total"] == len(page["items"]) > 1
    for site in page["items"]:
        assert set(site) == {"slug", "distance_km", "program_types", "setting", "included"}
        assert site["setting"] == "urban"
        assert "co-responder-team" in site["program_types"]
    assert page["items"] == sorted(page["items"], key=lambda site: site["distance_km"])


@pytest.mark.parametrize("form", ["json", "geojson"])
async def test_walking_by_distance_meets_each_site_once(reader, form):
    seen, url = [], f"/v1/learning-sites?near={HOUSTON}&limit=3&format={form}"
    while url:
        answer = await reader.get(url)
        page = answer.json()
        rows = page["items"] if form == "json" else [feature["properties"] for feature in page["features"]]
        seen += [(row["distance_km"], row["slug"]) for row in rows]
        if page["links"]["next"]:
            assert f'<{page["links"]["next"]}>; rel="next"' in answer.headers["link"]
            assert "edition=1" in page["links"]["next"]
        url = page["links"]["next"]
    assert len(seen) == len(set(seen)) == 10
    assert [away for away, _ in seen] == sorted(away for away, _ in seen)


async def test_a_box_may_cross_the_antimeridian_and_reach_a_pole(moved):
    async def inside(bbox):
        return {site["slug"] for site in (await listed(moved, bbox=bbox, fields="slug"))["items"]}

    assert await inside("170,-30,-165,0") == {FIJI, SAMOA}
    assert await inside("170,-30,180,0") == {FIJI}
    assert await inside("-180,-30,-165,0") == {SAMOA}
    assert await inside("-120,60,-110,90") == {POLE}
    assert await inside("-180,-90,180,90") == {site["slug"] for site in (await listed(moved))["items"]}
    near = await listed(moved, near="-16,-179", radius_km=1000)
    assert [site["slug"] for site in near["items"]] == [FIJI, SAMOA]


async def test_the_box_of_a_page_crosses_the_antimeridian_where_its_sites_do(moved):
    collection = await listed(moved, near="-16,-179", radius_km=1000, format="geojson")
    assert collection["bbox"] == [178.0, -17.7, -170.7, -14.3]


@pytest.mark.parametrize("how", [{"headers": {"Accept": "application/geo+json"}}, {"params": {"format": "geojson"}}])
async def test_geojson_is_what_the_description_says(reader, how):
    answer = await reader.get("/v1/learning-sites", **how)
    assert answer.headers["content-type"] == "application/geo+json"
    collection = answer.json()
    assert collection["type"] == "FeatureCollection"
    assert collection["total"] == len(collection["features"]) == 10
    plain = {site["slug"]: site for site in (await listed(reader))["items"]}
    for feature in collection["features"]:
        site = plain[feature["id"]]
        assert feature["geometry"] == {"type": "Point", "coordinates": [site["longitude"], site["latitude"]]}
        assert feature["properties"] == {k: v for k, v in site.items() if k not in ("latitude", "longitude")}
        one = await reader.get(f"/v1/learning-sites/{feature['id']}", **how)
        assert one.headers["content-type"] == "application/geo+json"
        assert one.json() == feature


async def test_every_form_of_geojson_keeps_to_its_schema(world):
    document = world.app.app.openapi()
    paths = document["paths"]
    for path, url in (
        ("/v1/learning-sites", "/v1/learning-sites"),
        ("/v1/learning-sites", "/v1/learning-sites?fields=slug,title&near=40,-100"),
        ("/v1/learning-sites", "/v1/learning-sites?include=program_types&limit=2"),
        ("/v1/learning-sites", "/v1/learning-sites?bbox=0,0,1,1"),
        ("/v1/learning-sites/{slug}", "/v1/learning-sites/houston-police-department"),
        ("/v1/learning-sites/{slug}", "/v1/learning-sites/houston-police-department?fields=latitude,slug"),
    ):
        answer = await world.client.get(url, headers={"Accept": "application/geo+json"})
        assert answer.status_code == 200
        declared = paths[path]["get"]["responses"]["200"]["content"]["application/geo+json"]["schema"]
        jsonschema.Draft202012Validator({**declared, "components": document["components"]}).validate(answer.json())


async def test_an_empty_page_has_no_box(reader):
    collection = await listed(reader, bbox="0,0,1,1", format="geojson")
    assert collection["features"] == []
    assert "bbox" not in collection


async def test_fields_choose_properties_and_never_the_geometry(reader):
    collection = await listed(reader, fields="title,latitude", format="geojson", limit=1)
    (feature,) = collection["features"]
    assert set(feature["properties"]) == {"title"}
    assert len(feature["geometry"]["coordinates"]) == 2


@pytest.mark.parametrize("path", ["/v1/learning-sites", "/v1/learning-sites/houston-police-department"])
async def test_the_form_is_negotiated_and_caches_are_told(reader, path):
    wanted = {
        "": "application/json",
        "*/*": "application/json",
        "application/geo+json": "application/geo+json",
        "application/geo+json, application/json;q=0.5": "application/geo+json",
        "application/json, application/geo+json;q=0.5": "application/json",
        "application/*;q=0.1, application/geo+json": "application/geo+json",
    }
    for accept, media_type in wanted.items():
        for _ in range(2):  # the second answer comes from memory
            answer = await reader.get(path, headers={"Accept": accept})
            assert answer.headers["content-type"] == media_type, accept
            assert answer.headers["vary"] == "Accept, Accept-Encoding"
    over = await reader.get(path, params={"format": "json"}, headers={"Accept": "application/geo+json"})
    assert over.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/v1/learning-sites", "/v1/learning-sites/houston-police-department"])
async def test_a_form_it_does_not_have_is_refused(reader, path):
    answer = await reader.get(path, headers={"Accept": "text/csv"})
    assert answer.status_code == 406
    assert answer.json()["available"] == ["application/json", "application/geo+json"]


async def test_both_forms_have_tags_of_their_own(reader):
    plain = await reader.get("/v1/learning-sites")
    mapped = await reader.get("/v1/learning-sites", headers={"Accept": "application/geo+json"})
    assert plain.headers["etag"] != mapped.headers["etag"]
    again = await reader.get(
        "/v1/learning-sites",
        headers={"Accept": "application/geo+json", "If-None-Match": mapped.headers["etag"]},
    )
    assert again.status_code == 304
    assert again.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"radius_km": 10}, {"radius_km"}),
        ({"near": "91,0"}, {"near"}),
        ({"near": "0,180.5", "radius_km": 0}, {"near", "radius_km"}),
        ({"near": "nan,nan", "radius_km": inf, "bbox": "0,0,inf,1"}, {"near", "radius_km", "bbox"}),
        ({"near": "1", "radius_km": "nan", "bbox": "1,2,3"}, {"near", "radius_km", "bbox"}),
        ({"near": "1,2,3", "radius_km": 20_017, "limit": 0}, {"near", "radius_km", "limit"}),
        ({"bbox": "0,10,1,9"}, {"bbox"}),
        ({"bbox": "0,0,181,1", "near": "٣,٤"}, {"bbox", "near"}),
        ({"bbox": "1,2,3,4,5,6", "format": "csv"}, {"bbox", "format"}),
        ({"near": "1e1,2"}, {"near"}),
        ({"near": ""}, {"near"}),
    ],
)
async def test_every_fault_is_named_at_once(reader, query, named):
    answer = await reader.get("/v1/learning-sites", params=query)
    assert answer.status_code == 422
    assert {error["parameter"] for error in answer.json()["errors"]} == named
