"""Lists, items, shaping, caching: what a front-end developer relies on."""

import gzip
import json

import brotli
import pytest
import zstandard

LISTS = (
    "pages", "sections", "topics", "program-types", "essential-elements", "learning-sites", "resources", "facts",
    "faqs", "measures", "sources",
)  # fmt: skip


@pytest.mark.parametrize("plural", LISTS)
async def test_every_list_walks_to_its_end_and_every_item_answers(reader, plural):
    seen, url = [], f"/v1/{plural}?limit=7"
    while url:
        answer = await reader.get(url)
        assert answer.status_code == 200
        page = answer.json()
        seen += [item["slug"] for item in page["items"]]
        link = answer.headers.get("link", "")
        assert (page["links"]["next"] is not None) == ('rel="next"' in link)
        if page["links"]["next"]:
            assert f'<{page["links"]["next"]}>; rel="next"' in link
        url = page["links"]["next"]
    assert len(seen) == len(set(seen)) == page["total"] > 0
    for slug in seen[:3]:
        item = (await reader.get(f"/v1/{plural}/{slug}")).json()
        assert item["slug"] == slug
        assert item["edition"] == 1
        assert item["updated_at"].endswith("Z")
        assert item["href"] == f"/v1/{plural}/{slug}"


async def test_the_tree_holds_everything_and_its_links_answer(reader):
    tree = (await reader.get("/v1/toolkit")).json()
    assert [len(section["topic_list"]["items"]) for section in tree["sections"]] == [4, 3, 4, 4, 1]
    hrefs = [*tree["links"].values(), tree["introduction"]["href"]]
    hrefs += [item["href"] for item in tree["featured"] + tree["next_steps"] + tree["pages"]]
    hrefs += [topic["href"] for section in tree["sections"] for topic in section["topic_list"]["items"]]
    for href in hrefs:
        assert (await reader.get(href)).status_code == 200, href


async def test_unknown_names_are_refused_all_at_once(reader):
    answer = await reader.get("/v1/topics?section=nowhere&fields=slug,colour&include=moons")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    named = {error["parameter"] for error in answer.json()["errors"]}
    assert named == {"section", "fields", "include"}
    answer = await reader.get("/v1/topics?colour=red")
    assert answer.json()["errors"][0]["parameter"] == "colour"


async def test_fields_and_include_combine(reader):
    answer = await reader.get("/v1/topics/cit-training?fields=slug,title&include=resources")
    item = answer.json()
    assert set(item) == {"slug", "title", "included"}
    embedded = item["included"]["resources"]
    assert embedded["total"] == len(embedded["items"])
    assert not embedded["truncated"]


async def test_a_conditional_read_answers_304_even_when_told_not_to_cache(reader):
    first = await reader.get("/v1/learning-sites")
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    for _ in range(2):
        headers = {"If-None-Match": tag, "Cache-Control": "no-cache"}
        again = await reader.get("/v1/learning-sites", headers=headers)
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag


@pytest.mark.parametrize(
    ("coding", "decode"),
    [("gzip", gzip.decompress), ("br", brotli.decompress), ("zstd", zstandard.decompress)],
)
async def test_each_coding_has_its_own_tag_and_the_same_content(reader, coding, decode):
    plain = await reader.get("/v1/topics", headers={"Accept-Encoding": "identity"})
    async with reader.stream("GET", "/v1/topics", headers={"Accept-Encoding": f"{coding};q=1, *;q=0"}) as coded:
        raw = b"".join([chunk async for chunk in coded.aiter_raw()])
    assert coded.headers["content-encoding"] == coding
    assert coded.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in coded.headers["vary"]
    assert json.loads(decode(raw)) == plain.json()


async def test_head_answers_like_get_without_the_body(reader):
    got = await reader.get("/v1/topics/cit-training")
    for _ in range(2):
        head = await reader.head("/v1/topics/cit-training")
        assert head.content == b""
        assert head.headers["etag"] == got.headers["etag"]


async def test_a_method_that_does_not_exist_names_those_that_do(reader):
    answer = await reader.delete("/v1/topics")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_include_embeds_and_says_what_it_cut(reader):
    page = (await reader.get("/v1/learning-sites?include=program_types&limit=2")).json()
    for site in page["items"]:
        embedded = site["included"]["program_types"]
        assert [item["slug"] for item in embedded["items"]] == site["program_types"]


async def test_paths_resolve_with_and_without_a_slash(reader):
    answer = (await reader.get("/v1/resolve?path=/training/cit-training")).json()
    assert answer == {
        "type": "topic",
        "slug": "cit-training",
        "title": answer["title"],
        "href": "/v1/topics/cit-training",
        "path": "/training/cit-training",
        "canonical": True,
    }
    assert (await reader.get("/v1/resolve?path=/training/cit-training/")).json()["canonical"] is False
    assert (await reader.get("/v1/resolve?path=/no/such")).status_code == 404
