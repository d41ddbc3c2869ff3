"""`pmhc keys`: the key alone on standard output, everything else beside it."""

import pytest
from typer.testing import CliRunner

from app.access import keys
from app.cli import app
from tests.make import anyio_thread, running


@pytest.fixture
def pmhc(bare_url, monkeypatch):
    monkeypatch.setenv("APP_DATABASE_URL", bare_url)

    async def run(*words: str):
        return await anyio_thread(CliRunner().invoke, app, ["keys", *words])

    return run


async def test_a_key_made_on_the_command_line_opens_the_server(pmhc, bare_url):
    made = await pmhc("create", "--role", "staff", "--name", "The desk")
    assert made.exit_code == 0
    [key] = made.stdout.splitlines()
    assert keys.parse(key).prefix in made.stderr
    assert key not in made.stderr
    async with running(bare_url) as world:
        told = (await world.client.get("/v1/whoami", headers={"X-Api-Key": key})).json()
        assert (told["kind"], told["name"]) == ("staff", "The desk")
        trail = (await world.client.get("/v1/audit", headers={"X-Api-Key": key})).json()["items"]
        assert [(entry["type"], entry["actor"]["kind"]) for entry in trail] == [
            ("key.created", "cli"),
            ("owner.created", "cli"),
        ]
        assert (await pmhc("revoke", key[:17])).exit_code == 0
        async with running(bare_url) as fresh:
            assert (await fresh.client.get("/v1/whoami", headers={"X-Api-Key": key})).json()["reason"] == "revoked"


async def test_the_same_name_is_the_same_owner_and_scopes_may_be_fewer(pmhc, bare_url):
    words = ("create", "--role", "partner", "--name", "Madison")
    lines = [(await pmhc(*words)).stdout, (await pmhc(*words, "--scopes", "tta:submit", "--expires", "2w")).stdout]
    async with running(bare_url) as world:
        told = [(await world.client.get("/v1/whoami", headers={"X-Api-Key": k.strip()})).json() for k in lines]
    assert told[0]["owner_id"] == told[1]["owner_id"]
    assert told[1]["scopes"] == ["tta:submit"]
    assert told[1]["key"]["expires_at"]
    listed = (await pmhc("list")).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["PREFIX", told[1]["key"]["prefix"], told[0]["key"]["prefix"]]


async def test_rotation_prints_the_new_key(pmhc):
    old = (await pmhc("create", "--role", "partner", "--name", "Madison")).stdout.strip()
    done = await pmhc("rotate", keys.parse(old).prefix, "--overlap", "7d")
    [new] = done.stdout.splitlines()
    assert keys.parse(new).prefix != keys.parse(old).prefix
    assert "works until" in done.stderr


async def test_an_address_can_be_given_later(pmhc, bare_url):
    await pmhc("create", "--role", "partner", "--name", "Madison")
    whose = ("contact", "--role", "partner", "--name", "Madison", "--email")
    assert "go to it@madison.gov" in (await pmhc(*whose, "it@madison.gov")).stderr
    key = (await pmhc("create", "--role", "staff", "--name", "The desk")).stdout.strip()
    async with running(bare_url) as world:
        owners = await world.client.get("/v1/owners?kind=partner", headers={"X-Api-Key": key})
        assert [one["contact_email"] for one in owners.json()["items"]] == ["it@madison.gov"]
    assert "go to nobody" in (await pmhc(*whose, "")).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "--role", "partner", "--name", "x", "--scopes", "tta:act"), "cannot hold `tta:act`"),
        (("create", "--role", "partner", "--name", "x", "--scopes", "tta:win"), "tta:win is not among"),
        (("create", "--role", "partner", "--name", " "), "--name"),
        (("create", "--role", "partner", "--name", "x", "--expires", "soon"), "not a time"),
        (("create", "--role", "partner", "--name", "x", "--expires", "2020-01-01"), "in the past"),
        (("create", "--role", "partner", "--name", "x", "--email", "nobody"), "--email"),
        (("contact", "--role", "partner", "--name", "x", "--email", "it@madison.gov"), "no partner of this name"),
        (("rotate", "pmhc_000000000000"), "no such key"),
        (("revoke", "Madison"), "prefix"),
    ],
)
async def test_what_cannot_be_done_is_said_and_nothing_is_printed(pmhc, words, told):
    done = await pmhc(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr
    assert len((await pmhc("list")).stdout.splitlines()) == 1
