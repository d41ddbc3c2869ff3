"""What `make bench` relies on: content that loads, servers that answer alike, a load that counts. Nothing is timed."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.contents import KINDS
from bench import bare
from bench.beside import Bench
from bench.cases import cached, filtered, posts, queue, search
from bench.data import Data
from bench.figures import Aim, Figure, table
from bench.generate import documents
from bench.load import Asked, Load, Measured
from bench.textbook.main import create_app as textbook_app
from tests.access.make import a_key
from tests.conftest import running

SITES, TOPICS = 60, 40
OURS_ALONE = {"updated_at", "published_at"}
"""The textbook's table is filled a moment later."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Data:
    made = Data("small", documents(SITES, TOPICS), tmp_path_factory.mktemp("bench"))
    assert made.ours.exists()  # each is made when first asked for, and not while an event loop runs
    assert made.textbook.exists()
    return made


@asynccontextmanager
async def textbook(data: Data) -> AsyncIterator[httpx.AsyncClient]:
    app = textbook_app(f"sqlite+aiosqlite:///{data.textbook}")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


def shared(value, *, leave=OURS_ALONE):
    """An answer without what the two may tell differently."""
    if isinstance(value, dict):
        return {name: shared(inner, leave=leave) for name, inner in value.items() if name not in leave}
    return [shared(inner, leave=leave) for inner in value] if isinstance(value, list) else value


def test_the_same_seed_makes_the_same_content(data):
    assert documents(SITES, TOPICS) == data.documents
    assert documents(SITES, TOPICS, seed=2) != data.documents


async def test_made_up_content_is_served_as_its_models_say(data):
    kinds = {kind.plural: kind.item for kind in KINDS}
    async with running(f"sqlite:///{data.ours}") as world:
        for plural, fields in (("learning-sites", ""), ("topics", "?section=training&limit=200")):
            page = (await world.client.get(f"/v1/{plural}{fields}")).json()
            assert page["total"] > 10
            for brief in page["items"]:
                item = (await world.client.get(brief["href"])).json()
                kinds[plural].model_validate_json(json.dumps(item))


@pytest.mark.parametrize("name", cached.READS)
async def test_every_cached_read_is_answered_alike_by_all_three(data, name):
    asked = cached.READS[name][1]
    headers = {"Accept-Encoding": "identity", **asked.headers}
    async with running(f"sqlite:///{data.ours}") as world, textbook(data) as plain:
        if "If-None-Match" in headers:
            headers["If-None-Match"] = (await world.client.get(asked.path, headers=headers)).headers["etag"]
        ours = await world.client.get(asked.path, headers=headers)
        theirs = await plain.get(asked.path, headers=headers)
        assert ours.status_code == (304 if "If-None-Match" in headers else 200)
        assert theirs.status_code == 200
        prepared = {asked.path.partition("?")[0]: bare.Prepared(ours.status_code, ours.headers.multi_items(), b"x")}
        transport = httpx.ASGITransport(bare.application(prepared))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as nothing_else:
            sent = await nothing_else.get(asked.path, headers={"Accept-Encoding": "identity"})
        assert sent.status_code == ours.status_code
        if ours.status_code == 200 and "gzip" not in headers.values():
            leave = {*OURS_ALONE, "links", "counts"}
            assert shared(theirs.json(), leave=leave) == shared(ours.json(), leave=leave)


async def test_filtered_questions_differ_and_are_answered_alike(data):
    asked = filtered.questions()
    assert len(set(asked)) == filtered.QUESTIONS
    async with running(f"sqlite:///{data.ours}") as world, textbook(data) as plain:
        for path in asked[:40]:
            ours, theirs = await world.client.get(path), await plain.get(path)
            assert ours.status_code == theirs.status_code == 200
            assert theirs.json()["total"] == ours.json()["total"]
            assert len(theirs.json()["items"]) == len(ours.json()["items"])


async def test_search_questions_are_answered(data):
    asked = search.questions(data)
    assert len(set(asked)) == search.QUESTIONS
    async with running(f"sqlite:///{data.ours}") as world, textbook(data) as plain:
        for path in asked[:20]:
            assert (await plain.get(path)).status_code == 200
            assert (await world.client.get(path)).status_code in (200, 404)


async def test_the_textbook_application_takes_a_request(data):
    async with textbook(data) as plain:
        taken = await plain.post("/v1/tta-requests", json=json.loads(posts.BODY))
        assert taken.status_code == 201
        assert taken.json()["status"] == "submitted"


def test_our_own_client_counts_what_a_bare_server_answers(tmp_path):
    bench = Bench(tmp_path, store=None, load=Load(None), rounds=1, seconds=1)
    prepared = {"/a/list": bare.Prepared(200, [("content-type", "text/plain"), ("content-length", "2")], b"ok")}
    paths = Path(tmp_path, "paths.txt")
    paths.write_text("/a/list\n/ready\n")
    with bench.bare(prepared) as server:
        once = bench.load.round(server, Asked("/a/list"), 0.1)
        several = bench.load.round(server, Asked("/a/list", paths=paths), 0.1)
        assert server.memory() > 5
    assert once.requests > 0
    assert several.errors == 0
    assert server.process.returncode is not None


@pytest.mark.parametrize("wrk", [None, shutil.which("wrk")], ids=["client", "wrk"])
def test_what_is_posted_and_answered_is_stored_each_part_once(data, tmp_path, wrk):
    bench = Bench(tmp_path, store=None, load=Load(wrk), rounds=1, seconds=1)
    database = Path(shutil.copy(data.ours, tmp_path / "posts.sqlite3"))
    with bench.ours(database, APP_WORKER="none") as server:
        entrant = posts.Entrant(server, f"sqlite:///{database}", posts.OURS, posts.key_of(bench, database))
        for key in (entrant.key, ""):
            assert posts._round(bench, entrant, key).errors == 0
            server.wake()
    assert entrant.answered > 0
    with pytest.raises(RuntimeError, match="are stored"):
        entrant.check(Measured(100_000, 1, 1, 0, 1, 1, 1), 1)


@pytest.mark.parametrize("wrk", [None, shutil.which("wrk")], ids=["client", "wrk"])
def test_a_post_that_is_not_answered_201_ends_the_round(tmp_path, wrk):
    bench = Bench(tmp_path, store=None, load=Load(wrk), rounds=1, seconds=1)
    answered = [("content-type", "text/plain"), ("content-length", "2")]
    served = bench.bare({"/posted": bare.Prepared(200, answered, b"ok")})
    with served as server, pytest.raises(RuntimeError, match="requests failed"):
        bench.load.round(server, Asked("/posted", body='{"n": "@@"}', connections=2), 1)


async def test_the_queue_is_filled_and_each_page_of_it_takes_as_many_statements(data, tmp_path):
    url = f"sqlite:///{shutil.copy(data.ours, tmp_path / 'queue.sqlite3')}"
    await queue.fill(url, 2_000)
    async with running(url) as world:
        key = await a_key(world, "staff")
        counts = set()
        for filters in queue.FILTERS.values():
            path = f"{queue.LIST}?{filters}&sort=due_at&limit=2"
            page = (await world.client.get(path, headers={"X-Api-Key": key})).json()
            assert page["total"] > 2
            counts |= {await queue.statements(url, key, here) for here in (path, page["links"]["next"])}
    assert counts == {2}


def test_commits_are_counted(tmp_path):
    measured = posts._commits(tmp_path / "commits.sqlite3", 1)
    assert measured.requests > 0
    assert measured.p99 > 0


def test_the_table_says_which_aims_are_met():
    values = {"ours": [90.0, 80.0], "bare": [100.0, 100.0], "textbook": [1.0, 2.0]}
    figure = Figure("Reads", "answers/s", values, (Aim("bare", least=0.85), Aim("textbook", least=80)))
    assert [row[5:] for row in figure.rows()] == [
        ("0.85 of bare", "0.80-0.90", "≥ 0.85", "yes"),
        ("65.0 of textbook", "40.0-90.0", "≥ 80", "NO"),
    ]
    assert "NO" in table([figure])
    assert figure.told()["aims"][0]["met"] is True
