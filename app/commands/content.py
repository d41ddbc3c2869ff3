"""`pmhc load` and `pmhc export`."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.common import fail, plainly, read_settings, say, shipped

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.editions.load import Progress
    from app.editions.publish import Diff


def load(
    source: Annotated[
        Path | None, typer.Argument(help="A folder of YAML, or an NDJSON export. Without it: seed_data/.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only show what would change; publish nothing.")] = False,
    note: Annotated[str | None, typer.Option(help="What this edition is about; shown in /v1/editions.")] = None,
    expects: Annotated[int | None, typer.Option(help="Refuse unless this is the newest edition now.")] = None,
) -> None:
    """Check content and publish what differs as a new edition.

    Every mistake is shown with file, record and field, and nothing is loaded. Loading the same content twice
    publishes once.
    """
    from app.contents import KINDS
    from app.editions.load import ContentError, read
    from app.editions.load import check as check_drafts

    settings = read_settings()
    chosen = source or shipped("seed_data")
    try:
        with _progress() as progress:
            documents = check_drafts(read(chosen, KINDS), progress)
    except ContentError as error:
        for fault in error.faults:
            typer.secho(str(fault), fg="red", err=True)
        fail(f"{len(error.faults)} mistake(s); nothing was loaded.")
    say(f"{len(documents)} items checked.")
    with plainly(settings):
        asyncio.run(_publish(settings, documents, check=check, note=note, expects=expects))


async def _publish(
    settings: "Settings", documents: dict[tuple[str, str], str], *, check: bool, note: str | None, expects: int | None
) -> None:
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.work import Work
    from app.editions.publish import EditionMoved, compare, publish, standing_documents

    database = Database(settings.database_url.get_secret_value())
    try:
        if check:
            async with database.read() as session:
                standing = await standing_documents(session)
            _show(compare(standing, documents), standing, documents)
            return
        async with database.write() as session:
            work = Work(session, actor="cli", now=utcnow())
            edition, diff = await publish(work, documents, note=note, expects=expects)
    except EditionMoved as error:
        fail(error.detail)
    finally:
        await database.close()
    if edition is None:
        say("Nothing differs; no edition was made.")
    else:
        told = f"{len(diff.created)} created, {len(diff.changed)} changed, {len(diff.retired)} retired"
        say(f"Edition {edition.number} is published: {told}.")


def _show(diff: "Diff", standing: dict[tuple[str, str], str], wanted: dict[tuple[str, str], str]) -> None:
    """A diff that an editor can read: which items, which fields of them, and the words that differ."""
    from app.editions.shown import around

    for mark, keys, colour in (("+", diff.created, "green"), ("-", diff.retired, "red")):
        for kind, slug in keys:
            typer.secho(f"{mark} {kind}/{slug}", fg=colour)
    for key in diff.changed:
        typer.secho(f"~ {key[0]}/{key[1]}", fg="yellow")
        before, after = json.loads(standing[key]), json.loads(wanted[key])
        for field in sorted(before.keys() | after.keys()):
            if before.get(field) != after.get(field) and not field.endswith("_html"):
                old, new = around(before.get(field), after.get(field))
                typer.echo(f"    {field}:")
                typer.secho(f"      - {old}", fg="red")
                typer.secho(f"      + {new}", fg="green")
    if not diff:
        typer.echo("Nothing differs.")


def export(
    target: Annotated[Path | None, typer.Argument(help="File to write; without it: standard output.")] = None,
) -> None:
    """Write everything published as NDJSON, the form that `pmhc load` reads."""
    settings = read_settings()
    with plainly(settings):
        lines = asyncio.run(_export(settings))
    if target:
        target.write_bytes(b"".join(lines))
        say(f"{len(lines)} items written to {target}.")
    else:
        sys.stdout.buffer.write(b"".join(lines))


async def _export(settings: "Settings") -> list[bytes]:
    from app.core.db import Database
    from app.editions.publish import export_line, standing_documents

    database = Database(settings.database_url.get_secret_value())
    try:
        async with database.read() as session:
            standing = await standing_documents(session)
    finally:
        await database.close()
    return [export_line(kind, slug, standing[kind, slug]) for kind, slug in sorted(standing)]


async def count_editions(settings: "Settings") -> int:
    from sqlalchemy import func, select

    from app.core.db import Database
    from app.editions.models import Edition

    database = Database(settings.database_url.get_secret_value())
    try:
        async with database.read() as session:
            return await session.scalar(select(func.count()).select_from(Edition)) or 0
    finally:
        await database.close()


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A progress bar on a terminal; silence elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("CI"):
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done + 1)

        yield told
