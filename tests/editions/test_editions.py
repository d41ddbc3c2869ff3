"""Publishing, and what follows from one append-only log: changes, exports, time travel, old slugs."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.contents import KINDS
from app.core.db import Database
from app.core.work import Work
from app.editions import load
from app.editions.models import Edition, Published, Revision
from app.editions.publish import EditionMoved, digest, export_line, publish
from tests.make import anyio_thread, publish_documents, running, seed_documents


def edited(documents, kind, slug, **fields):
    """The same content with some fields of one item changed."""
    document = json.loads(documents[kind, slug])
    return {**documents, (kind, slug): json.dumps({**document, **fields}, ensure_ascii=False, separators=(",", ":"))}


def without(documents, *keys):
    return {key: value for key, value in documents.items() if key not in keys}


async def export_of(client, **query) -> bytes:
    return (await client.get("/v1/export", params={"format": "ndjson", **query})).content


async def changes_of(client, after=0, limit=100):
    """Walk the change feed to its end."""
    found, url = [], f"/v1/changes?after={after}&limit={limit}"
    while url:
        page = (await client.get(url)).json()
        found += page["items"]
        url = page["links"]["next"]
    return found, page["edition"]


def applied(changes, copy=None):
    """What a client that follows the changes holds."""
    copy = dict(copy or {})
    for change in changes:
        key = change["type"], change["slug"]
        if change["document"] is None:
            del copy[key]
        else:
            copy[key] = change["document"]
    return copy


def exported(raw: bytes):
    items = [json.loads(line) for line in raw.splitlines()]
    return {(item["type"], item["slug"]): item["document"] for item in items}


async def test_loading_twice_publishes_once(world):
    edition, diff = await publish_documents(world.database, seed_documents())
    assert edition is None
    assert not diff
    assert (await world.client.get("/v1/editions")).json()["total"] == 1


async def test_an_edition_is_numbered_told_and_shown(world):
    documents = edited(seed_documents(), "topic", "cit-training", title="Another title")
    documents = without(documents, ("synonyms", "cit"))
    edition, diff = await publish_documents(world.database, documents, note="A better title")
    assert (edition.number, diff.changed, diff.retired) == (2, [("topic", "cit-training")], [("synonyms", "cit")])
    await world.state.shelf.refresh()
    topic = await world.client.get("/v1/topics/cit-training")
    assert topic.json()["title"] == "Another title"
    assert topic.json()["edition"] == 2
    assert topic.headers["toolkit-edition"] == "2"
    told = (await world.client.get("/v1/editions/2")).json()
    assert (told["note"], told["changed"], told["retired"], told["created"]) == ("A better title", 1, 1, 0)
    older = await world.client.get("/v1/topics/cit-training?edition=1")
    assert older.json()["title"] != "Another title"
    assert older.headers["toolkit-edition"] == "1"
    assert (await world.client.get("/v1/topics?edition=3")).status_code == 404


async def test_the_cache_forgets_what_an_edition_changed(world):
    before = await world.client.get("/v1/topics")
    again = await world.client.get("/v1/topics")
    assert before.headers["etag"] == again.headers["etag"]
    await publish_documents(world.database, edited(seed_documents(), "topic", "cit-training", title="Another title"))
    await world.state.shelf.refresh()
    after = await world.client.get("/v1/topics", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "Another title" in after.text


async def test_a_walk_sees_each_row_once_though_an_edition_is_published(world):
    first = (await world.client.get("/v1/topics?limit=5")).json()
    slugs = [item["slug"] for item in first["items"]]
    await publish_documents(world.database, without(seed_documents(), ("topic", slugs[0])))
    await world.state.shelf.refresh()
    url = first["links"]["next"]
    while url:
        page = (await world.client.get(url)).json()
        slugs += [item["slug"] for item in page["items"]]
        url = page["links"]["next"]
    assert len(slugs) == len(set(slugs)) == 16


async def test_a_retired_item_is_gone_and_says_when(world):
    await publish_documents(world.database, without(seed_documents(), ("topic", "cit-training")))
    await world.state.shelf.refresh()
    answer = await world.client.get("/v1/topics/cit-training")
    assert answer.status_code == 410
    assert (answer.json()["retired_in"], answer.json()["last_edition"]) == (2, 1)
    assert (await world.client.get("/v1/topics/cit-training?edition=1")).status_code == 200


async def test_the_old_path_of_a_retired_item_is_gone_too_and_says_how_to_read_it_still(world):
    path = "/training/cit-training"
    await publish_documents(world.database, without(seed_documents(), ("topic", "cit-training")))
    await world.state.shelf.refresh()
    for address in (f"/v1/resolve?path={path}", "/v1/topics/cit-training"):
        answer = await world.client.get(address)
        told = answer.json()
        assert (answer.status_code, told["type"]) == (410, "/problems/retired"), address
        assert (told["retired_in"], told["last_edition"]) == (2, 1)
        assert "`?edition=1`" in told["detail"]
    assert (await world.client.get(f"/v1/resolve?path={path}&edition=1")).status_code == 200
    assert (await world.client.get("/v1/resolve?path=/training/never")).status_code == 404


async def test_topics_come_in_the_order_of_their_sections(world):
    async def sections(query: str = "") -> list[str]:
        topics = (await world.client.get(f"/v1/topics?fields=section,slug{query}")).json()["items"]
        return [topic["section"] for topic in topics]

    async def after(documents) -> list[str]:
        await publish_documents(world.database, documents)
        await world.state.shelf.refresh()
        return list(dict.fromkeys(await sections()))

    tree = (await world.client.get("/v1/toolkit")).json()["sections"]
    everything = [topic["section"] for section in tree for topic in section["topic_list"]["items"]]
    assert everything[0] == "learning"
    assert everything[-1] == "measuring"
    assert await sections() == await sections("&sort=position") == everything
    assert await sections("&sort=-position") == everything[::-1]
    # A section that moves takes its topics with it, though none of them changes; an older edition stays as it was.
    first = await after(edited(seed_documents(), "section", "measuring", number=1))
    assert first == ["learning", "measuring", "planning", "training", "managing"]
    assert await after(edited(seed_documents(), "section", "measuring", number=9)) == list(dict.fromkeys(everything))
    assert list(dict.fromkeys(await sections("&edition=2"))) == first


async def test_an_old_slug_says_where_it_went(world):
    documents = seed_documents()
    renamed = json.loads(documents["topic", "cit-training"])
    renamed |= {
        "slug": "crisis-training", "former_slugs": ["cit-training"], "path": "/training/crisis-training",
        "href": "/v1/topics/crisis-training",
    }  # fmt: skip
    documents = without(documents, ("topic", "cit-training"))
    documents["topic", "crisis-training"] = json.dumps(renamed, ensure_ascii=False, separators=(",", ":"))
    await publish_documents(world.database, documents)
    await world.state.shelf.refresh()
    found = (await world.client.get("/v1/resolve?path=/training/cit-training")).json()
    assert (found["path"], found["canonical"]) == ("/training/crisis-training", False)
    again = (await world.client.get("/v1/resolve", params={"path": found["path"]})).json()
    assert again["canonical"]
    gone = await world.client.get("/v1/topics/cit-training")
    assert (gone.status_code, gone.json()["moved_to"]) == (404, "/v1/topics/crisis-training")


async def test_an_export_loads_into_an_empty_database_and_comes_out_the_same(world, bare, tmp_path):
    raw = await export_of(world.client)
    file = tmp_path / "export.ndjson"
    file.write_bytes(raw)
    documents = load.check(load.read(file, KINDS))
    await publish_documents(bare.database, documents)
    await bare.state.shelf.refresh()
    answer = await bare.client.get("/v1/export?format=ndjson", headers={"Accept-Encoding": "identity"})
    assert answer.content == raw
    assert answer.headers["content-digest"] == digest([raw])
    assert (await bare.client.get("/v1/editions/1")).json()["digest"] == digest([raw])


async def test_changes_are_walked_both_ways_like_every_list(world):
    first = await world.client.get("/v1/changes?limit=100")
    page = first.json()
    assert page["total"] == len(seed_documents()) > 200
    assert first.headers["link"] == f'<{page["links"]["next"]}>; rel="next"'
    second = await world.client.get(page["links"]["next"])
    links = second.json()["links"]
    assert second.headers["link"] == f'<{links["next"]}>; rel="next", <{links["prev"]}>; rel="prev"'
    assert (await world.client.get(links["prev"])).json()["items"] == page["items"]
    assert len((await world.client.get("/v1/changes")).json()["items"]) == 50
    assert (await world.client.get("/v1/changes?limit=201")).status_code == 422


@pytest.mark.parametrize("query", ["after=2", "until=2", "after=0&until=9", "after=9&until=1"])
async def test_changes_of_an_edition_that_is_not_there_are_refused(world, query):
    """A copy that is ahead of a restored database must notice."""
    answer = await world.client.get(f"/v1/changes?{query}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/edition-not-found")
    assert "newest is 1" in answer.json()["detail"]
    assert (await world.client.get("/v1/changes?after=1")).json()["items"] == []


async def test_of_two_loads_at_once_one_wins_and_one_is_told(world):
    one = edited(seed_documents(), "topic", "cit-training", title="One")
    two = edited(seed_documents(), "topic", "cit-training", title="Two")
    other = Database(world.settings.database_url.get_secret_value(), 2)
    results = await asyncio.gather(
        publish_documents(world.database, one, expects=1),
        publish_documents(other, two, expects=1),
        return_exceptions=True,
    )
    await other.close()
    assert sorted(type(result).__name__ for result in results) == ["EditionMoved", "tuple"]
    told = next(result for result in results if isinstance(result, EditionMoved))
    assert told.extra["newest"] == 2


async def test_a_publication_that_fails_leaves_nothing(world):
    class Stop(Exception):
        pass

    async def publish_and_fail():
        async with world.database.write() as session:
            work = Work(session, actor="test", now=world.clock())
            await publish(work, without(seed_documents(), ("topic", "cit-training")))
            raise Stop

    with pytest.raises(Stop):
        await publish_and_fail()
    assert not await world.state.shelf.refresh()
    assert (await world.client.get("/v1/editions")).json()["total"] == 1
    assert (await world.client.get("/v1/topics/cit-training")).status_code == 200


async def test_a_restored_backup_is_noticed(world):
    """Another history under the same number: the copy in memory is thrown away, not patched."""
    await publish_documents(world.database, edited(seed_documents(), "topic", "cit-training", title="Mine"))
    await world.state.shelf.refresh()
    async with world.database.write() as session:
        for model in (Published, Revision, Edition):
            await session.execute(delete(model))
    await publish_documents(world.database, edited(seed_documents(), "topic", "cit-training", title="Yours"))
    await world.state.shelf.refresh()
    assert (await world.client.get("/v1/topics/cit-training")).json()["title"] == "Yours"
    assert (await world.client.get("/v1/topics")).json()["total"] == 16


SLUGS = [slug for kind, slug in sorted(seed_documents()) if kind == "measure"][:6]
HISTORY = st.lists(
    st.dictionaries(st.sampled_from(SLUGS), st.one_of(st.none(), st.text("abc", min_size=1, max_size=3)), max_size=4),
    min_size=1,
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORY)
async def test_applying_changes_from_nothing_gives_exactly_the_export(templates, history):
    """Random histories of edits, retirements and returns; each edition, followed or replayed, is the export of it."""
    base = {key: value for key, value in seed_documents().items() if key[0] in ("measure", "source")}
    url = await templates.create(seeded=False)
    try:
        async with running(url) as world:
            wanted, copy, seen = base, {}, 0
            for edit in [{}, *history]:
                for slug, title in edit.items():
                    key = "measure", slug
                    wanted = without(wanted, key)
                    if title is not None:
                        wanted[key] = edited(base, "measure", slug, title=title)[key]
                await publish_documents(world.database, wanted)
                await world.state.shelf.refresh()
                news, seen = await changes_of(world.client, after=seen, limit=7)
                copy = applied(news, copy)
                assert copy == exported(await export_of(world.client))
                assert copy == {key: json.loads(value) for key, value in wanted.items()}
            everything, newest = await changes_of(world.client)
            assert applied(everything) == copy
            for number in range(1, newest + 1):
                until = [change for change in everything if change["edition"] <= number]
                assert applied(until) == exported(await export_of(world.client, edition=number))
    finally:
        await anyio_thread(templates.drop, url)


def test_the_digest_is_over_the_lines_of_the_export():
    line = export_line("topic", "a", '{"slug":"a"}')
    assert line == b'{"type":"topic","slug":"a","document":{"slug":"a"}}\n'
    assert digest([line, line]) == digest([line + line])
