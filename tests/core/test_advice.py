"""Refusals that lead on: all faults of a read at once, the slug that was meant, the slash that was too many."""

from app.editions.shaping import COMPARED, _alike
from tests.search.make import edition, faq


async def test_an_unknown_parameter_hides_no_other_fault(reader):
    answer = await reader.get("/v1/topics?foo=1&limit=900&sort=pubdate")
    assert answer.status_code == 422
    assert {fault["parameter"] for fault in answer.json()["errors"]} == {"foo", "limit", "sort"}
    answer = await reader.get("/v1/topics?foo=1&section=trainig")
    assert {fault["parameter"] for fault in answer.json()["errors"]} == {"foo", "section"}
    assert (await reader.get("/v1/topics/no-such-topic?foo=1")).status_code == 422


async def test_a_slug_that_is_nearly_right_leads_to_the_right_one(reader):
    answer = (await reader.get("/v1/topics/cit-trainning")).json()
    assert answer["did_you_mean"] == "/v1/topics/cit-training"
    assert (await reader.get(answer["did_you_mean"])).status_code == 200
    assert "did_you_mean" not in (await reader.get("/v1/topics/zzzzzzzz")).json()


def test_among_many_slugs_few_are_compared():
    """Comparing is slow, and anybody may ask for what is not there."""
    many = edition(1, {("faq", f"crisis-{n}"): faq(f"crisis-{n}", "A title") for n in range(300)})["faq"]
    assert len(_alike(many, "crisis-x")) == COMPARED
    assert _alike(many, "kryptonite") == []


async def test_a_slash_too_many_is_named(reader):
    answer = await reader.get("/v1/topics/")
    assert (answer.status_code, "slash" in answer.json()["detail"]) == (404, True)


async def test_from_beyond_the_end_one_comes_back_to_the_last_page(reader):
    answer = (await reader.get("/v1/topics?limit=3&offset=500")).json()
    assert answer["items"] == []
    assert (await reader.get(answer["links"]["prev"])).json()["items"]
