"""A dry run: the verdict of the real call for every body, and nothing written."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.db import Base
from tests.tta.make import Person, a_form, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"
GOOD = a_form(
    kind="visit", problems=["safety"], tried="A little.", delivery_modes=["site_visit"], group_size=4,
    learning_sites=["madison-police-department"], program_types=["co-responder-team"], external_ref="CASE 1",
    timing={"start_on": "2027-03-01", "end_on": "2027-04-01", "urgency": "soon"},
    travel={"needed": True, "travellers": 3, "estimate_usd": 4000},
    grant={"program": "jmhcp", "award_number": "2020-J1-BX-002"},
)  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.just(""), st.just("x" * 130), st.just([]), st.just({}),
    st.text(max_size=30), st.lists(st.text(max_size=8), max_size=3), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["2026-01-01", "2027-06-01", "IL", "tx", "jo@x.gov", "410-555-0100", "cit-training", "start"]),
)  # fmt: skip


def paths(node: Any, above: tuple = ()) -> list[tuple]:
    found = [above] if above else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += paths(value, (*above, key))
    return found


@st.composite
def bodies(draw) -> Any:
    """A good form with some parts replaced, left out, or added."""
    body = copy.deepcopy(GOOD)
    for path in draw(st.lists(st.sampled_from(paths(GOOD)), max_size=4, unique=True)):
        node = body
        for key in path[:-1]:
            node = node.get(key) if isinstance(node, dict) else None
        if isinstance(node, dict):
            if draw(st.booleans()):
                node.pop(path[-1], None)
            else:
                node[path[-1]] = draw(ODD)
    if draw(st.integers(0, 9)) == 0:
        body[draw(st.text(min_size=1, max_size=5))] = 1
    return body


async def rows(world) -> tuple[int, ...]:
    """How many rows each table has."""
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in Base.metadata.sorted_tables]
    async with world.database.read() as session:
        return tuple((await session.execute(select(*counts))).one())


@pytest.fixture(scope="module")
async def partner(shared) -> Person:
    partner = await a_partner(shared)
    await partner.asks(external_ref="taken")
    return partner


@settings(max_examples=50, deadline=None)
@given(body=bodies(), who=st.sampled_from(["anonymous", "partner"]), key=st.none() | st.integers(0, 5))
async def test_the_verdict_is_that_of_the_real_call_for_every_body(shared, partner, body, who, key):
    asker = partner if who == "partner" else Person(shared.client)
    headers = {} if key is None else {"Idempotency-Key": f"key-{key}"}
    before = await rows(shared)
    dry = await asker.post(PATH + "?dry_run=true", body, **headers)
    assert await rows(shared) == before, "a dry run wrote something"
    real = await asker.post(PATH, body, **headers)
    assert (dry.status_code == 200) == (real.status_code == 201)
    told = dry.json()
    if dry.status_code != 200:
        assert {**told, "request_id": 0} == {**real.json(), "request_id": 0}
        return
    assert told["verdict"] == "accepted"
    assert told["replay"] == ("idempotent-replayed" in real.headers)
    assert told["form_version"] == real.json()["form_version"]
    if not told["replay"]:
        assert told["clock"] == real.json()["clock"]
        shown = Person(shared.client, asker.key, token=real.json()["status_token"])
        stored = await shown.sees(real.json()["id"])
        assert stored["request"] == told["normalised"]
        assert stored["body_sha256"] == told["body_sha256"]


async def test_likely_duplicates_are_the_callers_own_and_no_one_elses(world):
    partner, other, staff = await a_partner(world), await a_partner(world, "Madison"), await a_member_of_staff(world)
    mine = await partner.asks()
    theirs = await other.asks()
    told = (await partner.ask(dry_run=True)).json()
    assert [(one["id"], one["alike"]) for one in told["likely_duplicates"]] == [
        (mine, ["body", "agency", "email", "topics"])
    ]
    assert theirs not in str(told)
    assert (await Person(world.client).ask(dry_run=True)).json()["likely_duplicates"] == []
    assert (await staff.ask(dry_run=True)).json()["likely_duplicates"] == []
    agency = {"name": "SPRINGFIELD police  department", "type": "sheriff", "state": "TX"}
    other_body = await partner.ask(
        dry_run=True, agency=agency, contact={"name": "A", "email": "a@b.gov"}, topics=[], kind="visit"
    )
    assert other_body.json()["likely_duplicates"][0]["alike"] == ["agency"]


async def test_suggested_sites_come_with_the_reasons_of_the_public_comparison(reader):
    asked = a_form(
        program_types=["co-responder-team"], agency={"name": "A", "type": "sheriff", "state": "TX", "size": "100_499"}
    )
    answer = await reader.post(PATH + "?dry_run=true", json=asked)
    sites = answer.json()["suggested_sites"]
    public = await reader.post(
        "/v1/learning-sites/match?limit=5",
        json={"size": "100_499", "kind": "county", "state": "TX", "program_types": ["co-responder-team"]},
    )
    assert [(site["slug"], site["score"]) for site in sites] == [
        (item["site"]["slug"], item["score"]) for item in public.json()["items"]
    ]
    assert all(site["score"] == sum(term["contribution"] for term in site["terms"]) for site in sites)
    assert {site["highest"] for site in sites} == {public.json()["highest"]}
