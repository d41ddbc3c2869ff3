"""Everything that is wrong with a question is said at once, and by name."""

import pytest


async def faults_of(answer) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    told = answer.json()["errors"]
    named = {fault.get("parameter") or fault["pointer"]: fault["detail"] for fault in told}
    assert len(named) == len(told), "each is named once"
    return named


async def test_whoever_finds_a_fault_the_others_are_told_too(reader):
    query = "bogus=1&sort=foo&limit=0&fields=zzz&include=q&program_type=nope"
    told = await faults_of(await reader.get(f"/v1/learning-sites?{query}"))
    assert told.keys() == {"bogus", "sort", "limit", "fields", "include", "program_type"}
    told = await faults_of(await reader.get("/v1/learning-sites?limit=0&fields=zzz"))
    assert told.keys() == {"limit", "fields"}
    told = await faults_of(await reader.get("/v1/topics/cit-training?edition=x&fields=zzz&include=q"))
    assert told.keys() == {"edition", "fields", "include"}
    told = await faults_of(await reader.get("/v1/toolkit?edition=x&fields=zzz"))
    assert told.keys() == {"edition", "fields"}


async def test_no_fault_is_told_that_comes_of_another(reader):
    told = await faults_of(await reader.get("/v1/learning-sites?near=here&radius_km=5&fields=zzz"))
    assert "radius_km" not in told
    assert (await faults_of(await reader.get("/v1/search?q=&limit=0"))).keys() == {"q", "limit"}


@pytest.mark.parametrize(
    ("query", "parameter", "values"),
    [
        ("fields=zzz,slug,yyy", "fields", ["zzz", "yyy"]),
        ("include=ppp,elements,qqq", "include", ["ppp", "qqq"]),
        ("section=training&section=nosuch&section=zip", "section", ["nosuch", "zip"]),
    ],
)
async def test_every_value_that_does_not_exist_is_named(reader, query, parameter, values):
    told = await faults_of(await reader.get(f"/v1/topics?{query}"))
    assert told.keys() == {parameter}
    for value in values:
        assert repr(value) in told[parameter]
    assert "'training'" not in told[parameter]
    assert "'slug'" not in told[parameter]


async def test_a_description_of_an_agency_has_all_its_faults_named(reader):
    body = {"program_types": ["co-responder-team", "nope"], "aims": ["x"], "bogus": 1}
    told = await faults_of(await reader.post("/v1/learning-sites/match?limit=0", json=body))
    assert told.keys() == {"limit", "/program_types/1", "/aims/0", "/bogus"}
    odd = {"program_types": ["Not A Slug", 5, "nope"], "bogus": 1}
    told = await faults_of(await reader.post("/v1/learning-sites/match", json=odd))
    assert told.keys() == {"/program_types/0", "/program_types/1", "/program_types/2", "/bogus"}
    for body in ([], 5, {"program_types": "nope"}):
        assert (await reader.post("/v1/learning-sites/match", json=body)).status_code == 422


@pytest.mark.parametrize("plural", ["sources", "search/synonyms"])
async def test_what_links_to_nothing_has_nothing_to_include(reader, plural):
    told = await faults_of(await reader.get(f"/v1/{plural}?colour=red"))
    assert "include" not in told["colour"]
    slug = (await reader.get(f"/v1/{plural}?limit=1")).json()["items"][0]["slug"]
    for address in (f"/v1/{plural}", f"/v1/{plural}/{slug}"):
        assert "no such parameter" in (await faults_of(await reader.get(f"{address}?include=x")))["include"]


@pytest.mark.parametrize("sent", ["1_0", "5.0", "%2B5", "%205", "%D9%A5"])
@pytest.mark.parametrize(
    "address", ["/v1/topics?limit=", "/v1/topics?offset=", "/v1/topics?edition=", "/v1/changes?after=", "/v1/editions/"]
)
async def test_whole_numbers_are_digits(reader, address, sent):
    [told] = (await faults_of(await reader.get(address + sent))).values()
    assert "digits" in told


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/v1/resolve?path=training", "slash"),
        ("/v1/topics?fields=Slug", "small letters and underscores"),
        ("/v1/topics/No_Such", "such as `cit-training`"),
        ("/v1/learning-sites?state=TX,CA", "`state=…&state=…`"),
    ],
)
async def test_it_is_said_how_to_do_it_right(reader, address, said):
    [told] = (await faults_of(await reader.get(address))).values()
    assert said in told


async def test_a_body_that_is_no_object_is_told_so(reader):
    for path in ("/v1/learning-sites/match", "/v1/contact-submissions", "/v1/tta-requests"):
        assert (await faults_of(await reader.post(path, json=[])))[""] == "Send a JSON object."


async def test_an_address_that_only_takes_posts_is_not_an_item_that_is_missing(reader):
    for _ in range(2):
        answer = await reader.get("/v1/learning-sites/match")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    assert (await reader.get("/v1/learning-sites/matches")).status_code == 404


@pytest.mark.parametrize("page", ["/", "/docs", "/docs/style.css", "/llms.txt", "/favicon.svg"])
async def test_what_hangs_on_the_link_to_a_page_is_passed_over(reader, page):
    plain, tracked = await reader.get(page), await reader.get(f"{page}?utm_source=letter")
    assert (tracked.status_code, tracked.content) == (200, plain.content)
