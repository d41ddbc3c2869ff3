"""What an operator is told when something is not as it should be: one sentence that says what to do, and no traceback.

The commands run here as `pmhc` runs them, in a folder of their own, without a process for each.
"""

import asyncio
import os
import socket

import httpx
import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from app.access.models import Owner
from app.cli import app
from app.core.db import Database
from app.core.ids import new_id
from app.core.signing import SigningKey
from app.webhooks.models import EndpointStatus, WebhookEndpoint
from app.webhooks.secret import seal_secret
from tests.make import anyio_thread, running
from tests.ops.make import PMHC, environment, free_port, pmhc
from tests.tta.make import a_partner
from tests.valkey import Valkey

PRODUCTION = {
    "APP_ENV": "production", "APP_SECRET": "0123456789abcdef0123456789abcdef", "APP_PUBLIC_URL": "https://api.example",
}  # fmt: skip


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs a command in an empty folder, with these variables and no others of ours."""
    for name in os.environ:
        if name.startswith("APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    async def command(*words, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        done = await anyio_thread(CliRunner().invoke, app, list(words))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        for name in environment:
            monkeypatch.delenv(name)
        return done

    return command


@pytest.mark.parametrize("command", ["check", "serve", "worker"])
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("APP_LIMITS", "intake=zz", "'intake=zz' is not `name=requests/seconds`"),
        ("APP_LIMITS", "nosuch=5/60", "one of the names anonymous, intake,"),
        ("APP_TRUSTED_PROXIES", "foo", "'foo' does not appear to be"),
        ("APP_DATABASE_URL", "mysql://u:hidden-word@x/y", "use sqlite:///path or postgresql://"),
        ("APP_DATABASE_URL", "postgresql://u:hidden-word@x:port/y", "cannot be read"),
        ("APP_SIGNING_KEY", "hidden-word", "must be an Ed25519 private key in PEM"),
        ("APP_REDIS_URL", "u:hidden-word@x", "must read redis://"),
        ("APP_FILES_URL", "ftp://x", "must read file:folder or s3://"),
        ("APP_SECRET_FILE", "/nowhere/secret", "/nowhere/secret cannot be read"),
        ("APP_PORT", "none", "valid integer"),
    ],
)
async def test_a_setting_that_no_server_starts_with_is_named_by_every_command(run, command, name, value, told):
    done = await run(command, **{name: value})
    assert done.exit_code == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{name}: ")
    assert told in line
    assert "hidden-word" not in line


async def test_a_variable_that_is_written_wrongly_is_told(run, bare_url):
    done = await run("check", APP_DATABASE_URL=bare_url, APP_STAF_MAIL="desk@agency.example", APP_SECRET_FILE="")
    assert "! APP_STAF_MAIL is no setting and changes nothing; is APP_STAFF_MAIL meant?" in done.stdout
    assert done.stdout.count("!") == 1


@pytest.mark.parametrize("command", ["check", "serve", "worker", "export", "load --check", "keys list"])
async def test_where_there_is_no_database_its_place_is_told_and_none_is_made(run, command, tmp_path):
    (tmp_path / "var").mkdir()
    done = await run(*command.split(), APP_PORT="0")
    assert done.exit_code == (3 if command == "serve" else 1)
    assert f"There is no database at {tmp_path}/var/pmhc.sqlite3: run `pmhc migrate`" in done.output
    assert not list((tmp_path / "var").iterdir())


@pytest.mark.parametrize("command", ["serve", "worker", "export", "load", "keys list", "keys rotate-signing"])
async def test_a_database_without_tables_wants_migrate(run, templates, command):
    if templates.kind == "sqlite":
        (templates.folder / "empty.sqlite3").touch()
    else:
        await anyio_thread(templates.postgres.create_database, "empty")
    done = await run(*command.split(), APP_PORT="0", APP_DATABASE_URL=templates.url("empty"))
    if templates.kind == "postgresql":
        await anyio_thread(templates.postgres.drop_database, "empty")
    assert done.exit_code == (3 if command == "serve" else 1)
    assert done.stderr.splitlines()[-1].startswith("The database has no tables yet: run `pmhc migrate`.")


@pytest.mark.parametrize("command", ["check", "serve", "worker", "export", "migrate", "keys list"])
async def test_a_database_out_of_reach_is_told_with_its_place_and_no_password(run, command):
    url = f"postgresql://u:hidden-word@127.0.0.1:{free_port()}/toolkit"
    done = await run(*command.split(), APP_PORT="0", APP_DATABASE_URL=url)
    assert done.exit_code == (3 if command == "serve" else 1)
    assert f"out of reach: {url.partition('@')[2]} (ConnectionRefusedError); check APP_DATABASE_URL" in done.output
    assert "hidden-word" not in done.output


async def test_production_without_mail_is_a_fault_of_check_and_a_warning_at_the_start(run, bare_url):
    done = await run("check", APP_DATABASE_URL=bare_url, **PRODUCTION)
    assert done.exit_code == 1
    [line] = [line for line in done.stdout.splitlines() if "letters" in line]
    assert line.startswith("✗")
    assert "APP_MAIL_URL" in line
    assert "APP_STAFF_MAIL" in line
    assert "✓ letters" in (await run("check", APP_DATABASE_URL=bare_url)).stdout


async def test_attachments_out_of_reach_are_a_fault_of_check(run, bare_url, tmp_path):
    (tmp_path / "file").touch()
    url = f"file:{tmp_path}/file"
    done = await run("check", APP_DATABASE_URL=bare_url, APP_FILES_URL=url)
    assert f"✗ attachments ({url}): out of reach (Not a directory); check APP_FILES_URL" in done.stdout
    assert "✓ attachments" in (await run("check", APP_DATABASE_URL=bare_url, APP_FILES_URL=f"file:{tmp_path}")).stdout


async def test_a_dead_redis_is_a_fault_of_check(run, bare_url):
    url = f"redis://u:hidden-word@127.0.0.1:{free_port()}/0"
    done = await run("check", APP_DATABASE_URL=bare_url, APP_REDIS_URL=url)
    [line] = [line for line in done.stdout.splitlines() if "Redis" in line]
    assert line.startswith(f"✗ limits (Redis, {url.partition('@')[2].removesuffix('/0')}): out of reach")
    assert "hidden-word" not in done.output


async def test_a_redis_that_answers_is_well(run, bare_url):
    with Valkey() as server:
        done = await run("check", APP_DATABASE_URL=bare_url, APP_REDIS_URL=server.url)
    assert f"✓ limits (Redis, 127.0.0.1:{server.port})" in done.stdout


async def a_webhook(world):
    await a_partner(world)
    id_ = new_id()
    async with world.database.write() as session:
        session.add(
            WebhookEndpoint(
                id=id_, owner_id=(await session.scalars(select(Owner.id).limit(1))).one(), world_id=None,
                url="https://hooks.example/x", description=None, event_types=[], status=EndpointStatus.ENABLED,
                disabled_reason=None, created_at=world.clock(), failures=0,
                sealed_secret=seal_secret(world.state.seal, id_, "hidden"), sealed_previous_secret=None,
            )
        )  # fmt: skip


async def test_another_secret_is_noticed_before_webhooks_go_out_unsigned(run, database_url):
    async with running(database_url) as world:
        await world.state.signer.pen()
        await a_webhook(world)
    done = await run("check", APP_DATABASE_URL=database_url)
    assert "✓ sealed secrets" in done.stdout
    done = await run("check", APP_DATABASE_URL=database_url, APP_SECRET="another secret")
    [line] = [line for line in done.stdout.splitlines() if "sealed" in line]
    assert line.startswith(
        "✗ sealed secrets: APP_SECRET does not open the key that signs receipts and the secrets of 1"
    )
    assert "set it to the value that they were sealed with" in line
    assert done.exit_code == 1
    # The operator keeps the signing key: then only the webhooks are concerned.
    database = Database(database_url, 1)
    async with database.write() as session:
        await session.execute(update(SigningKey).values(sealed=None))
    await database.close()
    done = await run("check", APP_DATABASE_URL=database_url, APP_SECRET="another secret")
    assert "does not open the secrets of 1 of 1 webhooks" in done.stdout


def test_a_taken_port_is_said_and_nobody_is_led_there(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = pmhc("serve", "--setup", url=f"sqlite:///{tmp_path}/new.sqlite3", APP_PORT=str(port))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"Port {port} is taken; set APP_PORT to another.\n"
    assert not (tmp_path / "new.sqlite3").exists()


async def test_the_address_of_the_documentation_is_told_once_it_answers(database_url):
    process = await asyncio.create_subprocess_exec(
        PMHC, "serve", env=environment(database_url, APP_PORT="0", **PRODUCTION), stderr=asyncio.subprocess.PIPE
    )
    lines = []
    try:
        while not (lines and lines[-1].startswith("Documentation: ")):
            lines.append((await process.stderr.readline()).decode().strip())
            assert lines[-1], lines
        async with httpx.AsyncClient() as client:
            page = await client.get(lines[-1].removeprefix("Documentation: "))
    finally:
        process.terminate()
        await process.communicate()
    assert page.status_code == 200
    [warned] = [line for line in lines if "mail.sent_to_nobody" in line]
    assert "APP_STAFF_MAIL" in warned


async def test_a_database_that_the_server_does_not_have_is_told(run, templates):
    if templates.kind == "sqlite":
        url = "sqlite:////dev/null/toolkit.sqlite3"
        done = await run("migrate", APP_DATABASE_URL=url)
        assert "out of reach: /dev/null/toolkit.sqlite3 (" in done.stderr
    else:
        done = await run("export", APP_DATABASE_URL=templates.url("nobodys"))
        assert "/nobodys (InvalidCatalogNameError); check APP_DATABASE_URL" in done.stderr
    assert done.exit_code == 1


async def test_a_worker_warns_too_where_letters_reach_nobody(database_url):
    process = await asyncio.create_subprocess_exec(
        PMHC, "worker", env=environment(database_url, **PRODUCTION), stderr=asyncio.subprocess.PIPE
    )
    try:
        line = (await process.stderr.readline()).decode()
    finally:
        process.terminate()
        await process.communicate()
    assert "mail.sent_to_nobody" in line
