"""Who may do what to whose things: the published table is walked cell by cell, on every route there is."""

import re
from uuid import UUID, uuid4

import pytest
from fastapi.routing import iter_route_contexts

from app.access.matrix import OPEN, Cell, Who, Whose
from app.access.models import Role
from app.access.scopes import GRANTABLE, MEANINGS, Scope
from tests.access.make import a_key, an_owner
from tests.access.objects import BODIES, MAKERS, Made
from tests.make import running

DENIED = {Cell.UNAUTHENTICATED: 401, Cell.FORBIDDEN: 403, Cell.HIDDEN: 404}
LITERALS = {"slug": "no-such-slug", "number": "1", "kind": "nothing"}
"""Path parameters that name nobody's things."""


async def matrix(world) -> list[dict]:
    return (await world.client.get("/v1/access-matrix")).json()["items"]


async def test_every_route_is_in_the_matrix(bare):
    told = {(row["path"], row["method"]) for row in await matrix(bare)}
    for context in iter_route_contexts(bare.app.app.routes):
        for method in set(context.methods or ()) - {"HEAD"}:
            if context.include_in_schema:
                assert (context.path_format, method) in told
            else:
                assert method == "GET", "a route that is not documented only shows pages"
                assert not context.path_format.startswith("/v1/")


async def test_what_asks_for_nothing_is_what_was_meant_to(bare):
    """A new operation without `allowed(…)` must be entered in `app.access.matrix.OPEN`, or given its scope."""
    assert {row["operation_id"] for row in await matrix(bare) if row["open"]} == OPEN


def test_every_scope_is_explained_and_may_be_held():
    assert list(Scope) == sorted(Scope)
    assert list(MEANINGS) == list(Scope)
    assert GRANTABLE[Role.STAFF] == frozenset(Scope)
    assert GRANTABLE[Role.PARTNER] < GRANTABLE[Role.STAFF]


async def test_what_reads_asks_for_a_scope_to_read_and_what_writes_for_one_to_write(bare):
    """A key that was made to read changes nothing, and one that was made to send reads nothing."""
    reading = {Scope.AUDIT_READ, Scope.CONTACT_READ, Scope.EVENTS_READ, Scope.TTA_READ}
    writing = {Scope.CONTACT_REVIEW, Scope.CONTACT_SUBMIT, Scope.CONTENT_PUBLISH, Scope.TTA_SUBMIT}
    for row in await matrix(bare):
        assert not set(row["scopes"]) & (writing if row["method"] == "GET" else reading), row["operation_id"]


class Cast:
    """A key for each kind of caller, of owners that own nothing in common."""

    def __init__(self, world) -> None:
        self.world, self.owners, self.keys, self.made = world, {}, {}, {}

    async def assemble(self) -> None:
        for role in ("partner", "staff"):
            self.owners[role] = await an_owner(self.world, role, f"The {role}")
            self.keys[role] = await a_key(self.world, owner=self.owners[role])
        self.owners["another"] = await an_owner(self.world, "partner", "Another partner")
        self.keys["another"] = await a_key(self.world, owner=self.owners["another"])

    async def headers(self, who: Who, scopes: list[Scope]) -> dict[str, str]:
        if who is Who.ANONYMOUS:
            return {}
        role = who.split("_", maxsplit=1)[0]
        if who == role:
            return {"X-Api-Key": self.keys[role]}
        others = GRANTABLE[Role(role)] - set(scopes)
        if (role, others) not in self.keys:
            self.keys[role, others] = await a_key(self.world, owner=self.owners[role], scopes=others)
        return {"X-Api-Key": self.keys[role, others]}

    async def make(self, collection: str, owner: str | None, *, fresh: bool = False) -> Made:
        """A thing of an owner's, or of somebody without a key; the same again where nothing may happen to it."""
        if fresh or (collection, owner) not in self.made:
            whose = owner and (self.owners[owner], self.keys[owner])
            self.made[collection, owner] = await MAKERS[collection](self.world, whose)
        return self.made[collection, owner]

    async def path(self, template: str, who: Who, whose: Whose, answer: Cell) -> tuple[str, dict[str, str]]:
        """The address of a thing of the right owner, and what an anonymous maker of it must send along."""
        names = re.findall(r"{(\w+)}", template)
        if whose is Whose.NOBODYS:
            return template.format(**{name: LITERALS.get(name, uuid4()) for name in names}), {}
        collection, role = template.partition("/{")[0], who.split("_", maxsplit=1)[0]
        mine = whose is Whose.OWN and answer is Cell.ALLOWED
        owner = "another" if not mine else role if role in self.owners else None
        made = await self.make(collection, owner, fresh=answer is Cell.ALLOWED)
        headers = {}
        if who is Who.ANONYMOUS and answer is not Cell.UNAUTHENTICATED:
            headers["X-Status-Token"] = (made if mine else await self.make(collection, None)).token
        return template.format(**{names[0]: made.id, **{name: made.inner[name] for name in names[1:]}}), headers


@pytest.fixture
async def bare(bare_url, tmp_path):
    async with running(bare_url, files_url=f"file:{tmp_path}/files", mail_url=f"file:{tmp_path}/mail") as world:
        yield world


@pytest.mark.parametrize("who", Who)
async def test_each_cell_is_what_the_server_does(bare, who):
    cast = Cast(bare)
    await cast.assemble()
    wrong = []
    for row in await matrix(bare):
        for cell in row["cells"]:
            if cell["who"] != who or (cell["answer"] == Cell.ALLOWED and row["operation_id"].startswith("stream")):
                continue  # a stream that is allowed has no end
            scopes = [Scope(scope) for scope in row["scopes"]]
            headers = await cast.headers(who, scopes)
            path, more = await cast.path(row["path"], who, Whose(cell["whose"]), Cell(cell["answer"]))
            body = {} if row["method"] in ("GET", "DELETE") else {"json": BODIES.get(row["operation_id"], {})}
            answer = await bare.client.request(row["method"], path, headers={**headers, **more}, **body)
            if not agrees(cell, answer.status_code):
                wrong.append((row["method"], row["path"], cell["whose"], cell["answer"], answer.status_code))
    assert wrong == []


def agrees(cell: dict, status: int) -> bool:
    if cell["answer"] != Cell.ALLOWED:
        return status == DENIED[cell["answer"]]
    # What the rules let through may still be refused for its content.
    hidden = {404} if cell["whose"] != Whose.NOBODYS else set()
    return status not in {401, 403, 429, 500} | hidden


async def test_another_partners_things_are_told_from_nothing_by_nothing(bare):
    """The refusal for a thing of somebody else's is the refusal for a thing that does not exist."""
    cast = Cast(bare)
    await cast.assemble()
    for row in await matrix(bare):
        hidden = {"who": "partner", "whose": "anothers", "answer": "404"}
        if hidden not in row["cells"]:
            continue
        theirs, _ = await cast.path(row["path"], Who.PARTNER, Whose.ANOTHERS, Cell.HIDDEN)
        nothing = re.sub(r"[0-9a-f-]{36}", str(UUID(int=7)), theirs)
        body = {} if row["method"] in ("GET", "DELETE") else {"json": BODIES.get(row["operation_id"], {})}
        told = []
        for path in (theirs, nothing):
            answer = await bare.client.request(
                row["method"], path, headers={"X-Api-Key": cast.keys["partner"]}, **body
            )  # fmt: skip
            document = answer.json()
            told.append((answer.status_code, document["type"], document["title"], document["detail"]))
        assert told[0] == told[1], row["path"]
