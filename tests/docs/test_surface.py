"""The description that is served is the program's own, and nothing that clients rely on goes without a farewell."""

from datetime import UTC, date, datetime

import httpx
import pytest
from starlette.responses import PlainTextResponse

from app.docs.document import story
from app.docs.removals import NOTICE, REMOVALS, Farewell, Removal
from app.docs.served import FILE, write
from app.main import create_app
from tests.docs.surface import recorded, surface
from tests.make import settings_for


def test_what_is_served_is_what_the_program_says(document):
    """When this fails: `python -m tests.docs.description`, then read what changed."""
    assert FILE.read_text(encoding="utf-8") == write(document)


def test_everything_that_clients_may_rely_on_is_recorded(document):
    """When this fails: `python -m tests.docs.description`."""
    assert surface(document) - recorded() == set()


def test_nothing_is_gone_that_was_not_announced_and_whose_time_has_not_come(document):
    """When this fails: something was removed or renamed. Bring it back, or announce it in `app/docs/removals.py`."""
    past = {removal.what for removal in REMOVALS if removal.sunset <= datetime.now(UTC).date()}
    assert recorded() - surface(document) - past == set()


def test_only_the_story_depends_on_settings(document, tmp_path):
    """So the rest of the description can be a file."""
    odd = settings_for(f"sqlite:///{tmp_path}/odd.sqlite3", body_limit=4321, max_age=7, limits="anonymous=5/7")
    app = create_app(odd).app
    assert write(app.openapi()) == write(document)
    assert "4321" in story(app).replace(",", "").replace(" ", "")


def test_a_removal_takes_half_a_year():
    with pytest.raises(ValueError, match="180 days"):
        Removal("GET /v1/old", ("GET /v1/old",), date(2027, 1, 1), date(2027, 3, 1))


async def test_every_answer_tells_of_what_will_go():
    kept = []
    removal = Removal("Old.field", ("GET /v1/old/{slug}",), date(2027, 1, 1), date(2027, 1, 1) + NOTICE)

    async def answer(scope, receive, send):
        kept.append("pmhc.keep" in scope)
        await PlainTextResponse("Here.")(scope, receive, send)

    async def door(scope, receive, send):
        await Farewell(answer, [removal])({**scope, "pmhc.keep": print}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://testserver") as client:
        told = await client.get("/v1/old/one")
        assert (told.headers["deprecation"], told.headers["sunset"]) == ("@1798761600", "Wed, 30 Jun 2027 00:00:00 GMT")
        for other in (
            await client.get("/v1/old"),
            await client.get("/v1/old/one/two"),
            await client.post("/v1/old/one"),
        ):
            assert "sunset" not in other.headers
    assert kept == [False, True, True, True]
