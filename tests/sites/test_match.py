"""Matching over HTTP: reasons with every score, refusals by name, and no trace of who asked."""

import json
import random

import pytest

from app.sites.terms import TERMS
from tests.make import publish_documents, seed_documents

URL = "/v1/learning-sites/match"
RURAL = {
    "sworn_officers": 45,
    "population": 61_000,
    "setting": "rural",
    "state": "TN",
    "kind": "county",
    "program_types": ["crisis-intervention-team", "case-management-team"],
    "aims": ["jail_diversion", "rural", "transport"],
    "location": {"latitude": 35.6, "longitude": -88.8},
}


async def matched(client, body, **query):
    answer = await client.post(URL, json=body, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_rural_agency_is_led_to_a_rural_site_with_reasons(reader):
    found = await matched(reader, RURAL)
    best = found["items"][0]
    assert best["site"]["slug"] == "madison-county-sheriffs-office"
    assert found["total"] == 10
    assert found["highest"] == 1000
    assert best["site"]["distance_km"] is not None
    for match in found["items"]:
        assert match["score"] == sum(term["contribution"] for term in match["terms"])
        assert [term["name"] for term in match["terms"]] == [w["name"] for w in found["weights"] if w["used"]]
        assert all(term["contribution"] == round(term["weight"] * term["value"], 6) for term in match["terms"])
    assert best["unknown"] == ["size"]
    (size,) = (term for term in best["terms"] if term["name"] == "size")
    assert size["value"] == 0.5
    assert "Not known" in size["reason"]


async def test_a_very_large_city_is_led_to_its_like(reader):
    found = await matched(reader, {"sworn_officers": 9000, "setting": "urban", "aims": ["dispatch", "data_sharing"]})
    assert {match["site"]["slug"] for match in found["items"][:2]} == {
        "houston-police-department",
        "los-angeles-police-department",
    }


async def test_the_weights_are_published_and_only_what_is_told_counts(reader):
    found = await matched(reader, {"state": "TX"})
    assert [(w["name"], w["weight"], w["used"]) for w in found["weights"]] == [
        (term.name, term.weight, term.name == "state") for term in TERMS
    ]
    assert found["highest"] == 50
    assert {len(match["terms"]) for match in found["items"]} == {1}
    nothing = await matched(reader, {})
    assert {match["score"] for match in nothing["items"]} == {0}


async def test_the_order_of_what_is_sent_changes_nothing(reader):
    first = await matched(reader, RURAL)
    for seed in range(5):
        chance = random.Random(seed)
        keys = chance.sample(list(RURAL), len(RURAL))
        body = {k: chance.sample(v, len(v)) if isinstance(v := RURAL[k], list) else v for k in keys}
        assert await matched(reader, body) == first


async def test_limit_cuts_the_list_and_not_the_count(reader):
    whole = await matched(reader, RURAL, limit=10)
    cut = await matched(reader, RURAL, limit=3)
    assert cut["items"] == whole["items"][:3]
    assert cut["total"] == 10


async def test_the_answer_is_not_kept_by_anybody(reader):
    answer = await reader.post(URL, json=RURAL)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["toolkit-edition"] == "1"


async def test_nothing_of_the_description_is_stored_or_logged(world, capsys):
    canary = {"sworn_officers": 77_123, "population": 31_415_926, "location": {"latitude": 12.34567, "longitude": 1.5}}
    answer = await world.client.post(URL, json={**RURAL, **canary})
    assert "77,123" in answer.text
    told = capsys.readouterr()
    metrics = (await world.client.get("/metrics")).text
    for text in (told.out, told.err, metrics, str(answer.url)):
        assert not any(sign in text for sign in ("77123", "77,123", "31415926", "12.34567"))
    assert (await world.client.get("/v1/changes?after=1")).json()["items"] == []


async def test_an_earlier_edition_is_matched_as_it_was(world):
    documents = dict(seed_documents())
    site = json.loads(documents["learning-site", "madison-county-sheriffs-office"]) | {
        "setting": "urban",
        "state": "CA",
    }
    documents["learning-site", site["slug"]] = json.dumps(site, ensure_ascii=False, separators=(",", ":"))
    before = await matched(world.client, RURAL)
    await publish_documents(world.database, documents)
    await world.state.shelf.refresh()
    now = await matched(world.client, RURAL)
    assert now["edition"] == 2
    assert now["items"][0]["score"] < before["items"][0]["score"]
    assert await matched(world.client, RURAL, edition=1) == before
    gone = await world.client.post(URL, json=RURAL, params={"edition": 9})
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"sworn_officers": 0, "population": "many"}, {"/sworn_officers", "/population"}),
        ({"sworn_officers": 45, "size": "2000_plus"}, {"/size"}),
        ({"state": "XX", "colour": "red"}, {"/state", "/colour"}),
        ({"aims": ["flying"], "location": {"latitude": 91}}, {"/aims/0", "/location/latitude", "/location/longitude"}),
        ({"program_types": ["cit", "co-responder-team", "x"]}, {"/program_types/0", "/program_types/2"}),
        ({"program_types": ["a"] * 21}, {"/program_types"}),
    ],
)
async def test_every_fault_is_pointed_at_at_once(reader, body, named):
    answer = await reader.post(URL, json=body)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == named


async def test_what_is_not_json_is_refused(reader):
    assert (await reader.post(URL, content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await reader.post(URL, content=b"a=b", headers={"Content-Type": "text/plain"})).status_code == 415
    assert (await reader.post(URL, json=RURAL, headers={"Accept": "text/csv"})).status_code == 406
    infinite = await reader.post(
        URL, content=b'{"location":{"latitude":NaN,"longitude":1e999}}', headers={"Content-Type": "application/json"}
    )
    assert infinite.status_code in (400, 422)
    assert (await reader.post(URL, json=RURAL, params={"limit": 51, "near": "1,1"})).status_code == 422


async def test_a_reason_calls_program_types_by_their_titles(reader):
    title = (await reader.get("/v1/program-types/co-responder-team")).json()["title"]
    answer = await reader.post(URL, json={"program_types": ["co-responder-team"]})
    reason = answer.json()["items"][0]["terms"][0]["reason"]
    assert reason == f"1 of 1 program types you want are here: {title}."
