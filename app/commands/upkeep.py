"""`pmhc check`, `pmhc migrate` and `pmhc setup`."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.common import _read, fail, make_folder, plainly, read_settings, shipped
from app.commands.content import count_editions, load

if TYPE_CHECKING:
    from app.core.settings import Settings


def check(
    live: Annotated[bool, typer.Option("--live", help="Only ask the running server whether it answers.")] = False,
) -> None:
    """Check configuration, database, migrations and content; say what to do about each fault.

    Exit status 0 when all is well, 1 otherwise. `--live` is the container's health check.
    """
    if live:
        _check_live(_read())
        return
    settings = read_settings()
    from app.checkup import findings, strange

    typer.secho("✓ configuration", fg="green")
    for remark in strange(os.environ):
        typer.secho(f"! {remark}", fg="yellow")
    found = asyncio.run(findings(settings, shipped))
    for told, fault in found:
        typer.secho(f"✗ {told}: {fault}" if fault else f"✓ {told}", fg="red" if fault else "green")
    if any(fault for _, fault in found):
        raise typer.Exit(1)


def _check_live(settings: "Settings") -> None:
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{settings.port}/livez", timeout=3, trust_env=False)
    except httpx.HTTPError as error:
        fail(f"The server does not answer: {type(error).__name__}.")
    if answer.status_code != 200:
        fail(f"The server answers {answer.status_code}.")


def setup() -> None:
    """Migrate the database, and load seed_data/ when it holds no content."""
    migrate()
    settings = read_settings()
    with plainly(settings):
        count = asyncio.run(count_editions(settings))
    if not count:
        load(source=shipped("seed_data"))


def migrate() -> None:
    """Bring the database to the schema of this version; nothing is lost on the way."""
    from alembic import command
    from alembic.config import Config

    settings = read_settings()
    config = Config(shipped("alembic.ini"))
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["url"] = settings.database_url.get_secret_value()
    with plainly(settings, made=True):
        make_folder(settings)
        command.upgrade(config, "head")
