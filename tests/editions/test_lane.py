"""The short way and the framework say the same, to the byte; and what is odd never takes the short way."""

from urllib.parse import quote

import pytest

from app.editions.lane import Lane

PLAIN = [
    "/v1/toolkit",
    "/v1/toolkit?fields=sections",
    "/v1/topics",
    "/v1/topics?limit=3&offset=2&sort=-title",
    "/v1/topics?fields=slug&fields=title&include=resources",
    "/v1/topics?section=learning&section=training&limit=200",
    "/v1/topics/cit-training",
    "/v1/topics/cit-training?include=resources,elements&fields=slug",
    "/v1/topics?edition=1",
    "/v1/learning-sites?state=TX&state=CA&sort=-title",
    "/v1/learning-sites?near=29.76,-95.37&radius_km=500",
    "/v1/learning-sites?format=geojson",
    "/v1/learning-sites/houston-police-department?format=geojson",
    "/v1/search?q=crisis+intervetion&type=topic&limit=5",
    "/v1/search?q=" + quote("who pays? 100 % „ja“"),
    "/v1/resolve?path=/learning",
    "/v1/export?edition=1",
    "/v1/tta-requests/form",
]
REFUSED = [
    "/v1/topics?section=nowhere",
    "/v1/topics?edition=99",
    "/v1/topics/nothing-of-that-name",
    "/v1/topics/cit-trainning",
    "/v1/learning-sites/match",
    "/v1/topics?include=nothing&fields=nothing",
]
ODD = [
    "/v1/topics?limit=0",
    "/v1/topics?limit=5&limit=6",
    "/v1/topics?limit=",
    "/v1/topics?nonsense=1",
    "/v1/topics?section=%00",
    "/v1/topics/CIT",
    "/v1/topics/",
    "/v1/search",
    "/v1/resolve?path=nowhere",
    "/v1/nothing",
]


def find_lane(world) -> Lane:
    layer = world.app.app.middleware_stack
    while not isinstance(layer, Lane):
        layer = layer.app
    return layer


async def told(world, path, headers):
    world.state.answers.clear()
    answer = await world.client.get(path, headers={"X-Request-Id": "the-same-one", **headers})
    counted = {name: value for name, value in answer.headers.items() if not name.startswith("ratelimit")}
    return answer.status_code, counted, answer.content


@pytest.mark.parametrize("path", PLAIN + REFUSED + ODD)
async def test_both_ways_say_the_same(world, path, monkeypatch):
    await world.client.get("/v1/topics")  # the layers are built with the first request
    lane = find_lane(world)
    for accept in ("*/*", "application/json", "text/html", "application/geo+json"):
        headers = {"Accept": accept}
        short = await told(world, path, headers)
        with monkeypatch.context() as without:
            without.setattr(lane, "_ways", {})
            assert await told(world, path, headers) == short


async def test_plain_reads_take_the_short_way_and_odd_ones_do_not(world):
    await world.client.get("/v1/topics")
    lane = find_lane(world)
    taken = {}
    inner = lane._answer

    async def noted(scope):
        answer = taken[scope["path"], scope["query_string"]] = await inner(scope)
        return answer

    lane._answer = noted
    for path in PLAIN:
        assert (await world.client.get(path)).status_code == 200, path
    for path in REFUSED:
        assert (await world.client.get(path)).status_code >= 400, path
    assert all(taken.values())
    taken.clear()
    for path in ODD:
        await world.client.get(path)
    assert not any(taken.values())


async def test_the_log_and_the_metrics_name_the_route_as_ever(world):
    await world.client.get("/v1/topics/cit-training")
    metrics = (await world.client.get("/metrics")).text
    assert 'route="/v1/topics/{slug}",status="200"' in metrics
