"""The `pmhc` command. Heavy imports happen inside commands, so that `--help` answers at once."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import typer

from app import __version__

if TYPE_CHECKING:
    from socket import socket

    from app.core.settings import Settings
    from app.editions.load import Progress
    from app.editions.publish import Diff

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Serve, fill and look after the PMHC Toolkit API. Settings come from the environment, prefix APP_.",
)
keys = typer.Typer(no_args_is_help=True, help="Make, list, replace and revoke keys. A key is shown once, on stdout.")
app.add_typer(keys, name="keys")
mail = typer.Typer(no_args_is_help=True, help="Look at letters, and try the way by which they go out.")
app.add_typer(mail, name="mail")
Answer = TypeVar("Answer")
Expires = Annotated[str | None, typer.Option(help="When the key stops by itself: 90d, 12h, 2w or 2027-01-31.")]
Reference = Annotated[str, typer.Argument(help="The key's prefix, pmhc_…, or its id.")]


def main() -> None:
    """Run the command line."""
    app()


def _settings() -> "Settings":
    from pydantic import ValidationError

    from app.core.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "APP_" + "_".join(str(part) for part in fault["loc"]).upper() if fault["loc"] else "settings"
            typer.secho(f"{name}: {fault['msg'].removeprefix('Value error, ')}", fg="red", err=True)
        raise typer.Exit(2) from None


def _fail(message: str) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(1)


def _say(message: str) -> None:
    typer.echo(message, err=True)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def serve(
    setup: Annotated[
        bool, typer.Option(help="First migrate the database, and load seed_data/ when it holds no content.")
    ] = False,
) -> None:
    """Serve the API.

    Listens on APP_HOST:APP_PORT. With APP_WORKER=inline (the default) a worker runs inside; with
    APP_WORKER=none run `pmhc worker` beside it. SIGTERM stops gracefully: requests in flight are answered.
    """
    settings = _settings()
    if setup:
        # A process of its own: what migrating and loading import need not stay in the server's memory.
        import subprocess

        done = subprocess.run([sys.executable, "-m", "app.cli", "setup"], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
    import uvicorn

    from app.main import create_app

    shown = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0") else settings.host  # noqa: S104
    # uvicorn stops gracefully and then raises the signal again; by then everything is done, and done well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _say(f"Documentation: http://{shown}:{settings.port}/docs")
    door = create_app(settings)

    class Server(uvicorn.Server):
        """Ends the streams of events when it is told to stop; they would hold it up until its time is over."""

        async def startup(self, sockets: "list[socket] | None" = None) -> None:
            await super().startup(sockets)
            # In a thread, beside the first answers: nobody's first search shall wait for the index.
            self.warming = asyncio.create_task(door.app.state.warm())  # type: ignore[attr-defined]
            # What is there by then stays. To look through it for rubbish, again and again, would hold up requests for
            # a tenth of a second each time.
            self.warming.add_done_callback(lambda _: gc.freeze())

        async def shutdown(self, sockets: "list[socket] | None" = None) -> None:
            door.app.state.stopping.set()  # type: ignore[attr-defined]
            await super().shutdown(sockets)

    config = uvicorn.Config(
        door,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose X-Forwarded-For is believed is APP_TRUSTED_PROXIES' business
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_keep_alive=65,
        backlog=2048,
        h11_max_incomplete_event_size=65_536,
    )
    running = Server(config)
    with suppress(KeyboardInterrupt):
        running.run()
    if not running.started:
        raise typer.Exit(3)


@app.command()
def worker() -> None:
    """Run the worker apart from the server (serve with APP_WORKER=none).

    It numbers and delivers events, sends letters, and watches over promises. Run as many as you like; they share
    the work. SIGTERM lets it finish what it is doing.
    """
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.log import configure
    from app.main import all_tasks
    from app.worker import Worker

    settings = _settings()
    configure(settings)

    async def run() -> None:
        database = Database(settings.database_url.get_secret_value(), settings.database_pool)
        running = Worker(database, utcnow, all_tasks(settings, utcnow))
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        running.start()
        await stop.wait()
        await running.stop()
        await database.close()

    asyncio.run(run())


@app.command()
def check(
    live: Annotated[bool, typer.Option("--live", help="Only ask the running server whether it answers.")] = False,
) -> None:
    """Check configuration, database, migrations and content; say what to do about each fault.

    Exit status 0 when all is well, 1 otherwise. `--live` is the container's health check.
    """
    settings = _settings()
    if live:
        _check_live(settings)
        return
    typer.secho("✓ configuration", fg="green")
    faults = [*asyncio.run(_check_database(settings)), asyncio.run(_check_mail(settings))]
    for told, fault in faults:
        typer.secho(f"✗ {told}: {fault}" if fault else f"✓ {told}", fg="red" if fault else "green")
    if any(fault for _, fault in faults):
        raise typer.Exit(1)


def _check_live(settings: "Settings") -> None:
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{settings.port}/livez", timeout=3, trust_env=False)
    except httpx.HTTPError as error:
        _fail(f"The server does not answer: {type(error).__name__}.")
    if answer.status_code != 200:
        _fail(f"The server answers {answer.status_code}.")


async def _check_database(settings: "Settings") -> list[tuple[str, str | None]]:
    """What was looked at, and what is wrong with it."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from app.contents import KINDS
    from app.core.beat import is_late
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.editions.load import ContentError, read
    from app.editions.load import check as check_drafts
    from app.editions.publish import compare, standing_documents

    told: list[tuple[str, str | None]] = []
    config = Config(_shipped("alembic.ini"))
    config.set_main_option("script_location", str(_shipped("migrations")))
    head = ScriptDirectory.from_config(config).get_current_head()
    database = Database(settings.database_url.get_secret_value())
    try:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
            told.append((f"database ({database.dialect})", None))
            try:
                revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
            except SQLAlchemyError:
                await session.rollback()
                revision = None
            if revision != head:
                told.append((f"schema {revision or 'empty'}", f"this version wants {head}; run `pmhc migrate`"))
                return told
            told.append((f"schema {head}", None))
            standing = await standing_documents(session)
            told.append(
                (f"content ({len(standing)} items)", None if standing else "nothing is published; run `pmhc load`")
            )
            late = await is_late(session, utcnow())
            told.append(("worker", "has not ticked lately; `pmhc serve` or `pmhc worker` runs one" if late else None))
    except (SQLAlchemyError, OSError) as error:
        told.append(("database", f"out of reach ({type(error).__name__}); check APP_DATABASE_URL and that it runs"))
        return told
    finally:
        await database.close()
    try:
        diff = compare(standing, check_drafts(read(_shipped("seed_data"), KINDS)))
        told.append(("seed_data" + (" (differs from what is published)" if diff else ""), None))
    except ContentError as error:
        told.append(("seed_data", f"{len(error.faults)} mistakes; run `pmhc load --check`"))
    return told


async def _check_mail(settings: "Settings") -> tuple[str, str | None]:
    from app.core.mailbox import Folder, mail_target
    from app.mail.sender import Unsent, knock

    target = mail_target(settings.mail_url.get_secret_value())
    if isinstance(target, Folder):
        return f"letters (kept in {target.path.absolute()}, sent to nobody)", None
    try:
        await knock(target, settings.mail_timeout)
    except Unsent as unsent:
        return f"letters ({target!r})", f"{unsent.code}; check APP_MAIL_URL. Letters wait meanwhile."
    return f"letters ({target!r})", None


@mail.command("preview")
def preview_letter(
    kind: Annotated[str | None, typer.Argument(help="Such as tta.receipt; without it: the list of all.")] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML instead of the plain text.")] = False,
) -> None:
    """Show a letter as it would go out, with made-up facts."""
    from app.mail.office import open_office
    from app.mail.render import render
    from app.mail.samples import SAMPLES

    place = open_office(_settings()).place
    if kind is not None and kind not in SAMPLES:
        _fail(f"There is no such letter; there are: {', '.join(sorted(SAMPLES))}.")
    for name in sorted(SAMPLES) if kind is None else [kind]:
        words = render(name, SAMPLES[name].facts, place, SAMPLES[name].recipient)
        if kind is None:
            typer.echo(f"{name:<18} {words.subject}")
        else:
            typer.echo(words.html if html else f"Subject: {words.subject}\n\n{words.text}", nl=html)


@mail.command("try")
def try_letter(address: Annotated[str, typer.Argument(help="Where to send it: an address of your own.")]) -> None:
    """Send a letter to yourself, the way that the settings say."""
    from app.core.clock import utcnow
    from app.core.ids import new_id
    from app.core.log import configure
    from app.core.mailbox import BadAddress, mail_target, mailbox
    from app.mail.message import Envelope, build
    from app.mail.office import open_office
    from app.mail.render import render
    from app.mail.samples import SAMPLES
    from app.mail.sender import Unsent, way_out

    settings = _settings()
    configure(settings)
    office, sample = open_office(settings), SAMPLES["mail.trial"]
    try:
        envelope = Envelope(new_id(), new_id(), office.sender, mailbox(address), office.reply_to)
    except BadAddress as error:
        _fail(f"The address {error}.")
    letter = build(envelope, render(sample.kind, sample.facts, office.place, sample.recipient), utcnow())
    send = way_out(mail_target(settings.mail_url.get_secret_value()), settings.mail_timeout)
    try:
        code = asyncio.run(send(letter, f"{envelope.notice_id}.{sample.kind}"))
    except Unsent as unsent:
        _fail(f"The letter did not go out: {unsent.code}.")
    _say(f"The letter went out ({code}).")


@app.command()
def setup() -> None:
    """Migrate the database, and load seed_data/ when it holds no content."""
    migrate()
    if not asyncio.run(_count_editions()):
        load(source=_shipped("seed_data"))


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version; nothing is lost on the way."""
    from alembic import command
    from alembic.config import Config

    settings = _settings()
    _make_folder(settings)
    config = Config(_shipped("alembic.ini"))
    config.set_main_option("script_location", str(_shipped("migrations")))
    config.attributes["url"] = settings.database_url.get_secret_value()
    command.upgrade(config, "head")


@keys.command("create")
def create_key(
    role: Annotated[Literal["staff", "partner"], typer.Option(help="Whose key: staff, or a partner's system.")],
    name: Annotated[str, typer.Option(help="The owner's name; the same name gets one more key of the same owner.")],
    scopes: Annotated[
        str | None, typer.Option(help="Only these, separated by commas. Without: all of the role.")
    ] = None,
    expires: Expires = None,
    email: Annotated[str | None, typer.Option(help="Whom to tell when a key of a new owner leaks.")] = None,
) -> None:
    """Make a key and print it, alone on its line; everything else goes to standard error."""
    from app.access import commands

    _show_key(commands.create(_url(), role, name, scopes=scopes, expires=expires, email=email))


@keys.command("rotate")
def rotate_key(
    reference: Reference,
    overlap: Annotated[str, typer.Option(help="How long the old key goes on working: 0h, 24h, 7d.")] = "24h",
    expires: Expires = None,
) -> None:
    """Make a new key in the place of another, and print it."""
    from app.access import commands

    _show_key(commands.rotate(_url(), reference, overlap=overlap, expires=expires))


@keys.command("revoke")
def revoke_key(reference: Reference) -> None:
    """Stop a key for good."""
    from app.access import commands

    _say(_ask(commands.revoke(_url(), reference)))


@keys.command("list")
def list_keys() -> None:
    """List the keys, newest first."""
    from app.access import commands

    for line in _ask(commands.listing(_url())):
        typer.echo(line)


@keys.command("rotate-signing")
def rotate_signing_key() -> None:
    """Sign receipts with a new key from now on; the old ones go on verifying what they signed."""
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.seal import Seal
    from app.core.signing import Signer

    async def rotate() -> str:
        settings = _settings()
        given = settings.signing_key.get_secret_value() if settings.signing_key else ""
        database = Database(_url(), 2)
        try:
            return await Signer(database, Seal(settings.secret.get_secret_value()), utcnow, given).rotate()
        finally:
            await database.close()

    try:
        kid = asyncio.run(rotate())
    except ValueError as error:
        _fail(str(error))
    _say("Servers take it up within a minute. Its name in /.well-known/jwks.json:")
    typer.echo(kid)


def _show_key(asked: Coroutine[Any, Any, tuple[str, str]]) -> None:
    text, told = _ask(asked)
    _say(told)
    _say("Keep it where secrets are kept; it is not shown again:")
    typer.echo(text)


def _ask(asked: Coroutine[Any, Any, Answer]) -> Answer:
    from app.access.commands import Refused

    try:
        return asyncio.run(asked)
    except Refused as refused:
        _fail(str(refused))


def _url() -> str:
    return _settings().database_url.get_secret_value()


@app.command()
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

    chosen = source or _shipped("seed_data")
    try:
        with _progress() as progress:
            documents = check_drafts(read(chosen, KINDS), progress)
    except ContentError as error:
        for fault in error.faults:
            typer.secho(str(fault), fg="red", err=True)
        _fail(f"{len(error.faults)} mistake(s); nothing was loaded.")
    _say(f"{len(documents)} items checked.")
    asyncio.run(_publish(documents, check=check, note=note, expects=expects))


async def _publish(
    documents: dict[tuple[str, str], str], *, check: bool, note: str | None, expects: int | None
) -> None:
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.work import Work
    from app.editions.publish import EditionMoved, compare, publish, standing_documents

    database = Database(_settings().database_url.get_secret_value())
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
        _fail(error.detail)
    finally:
        await database.close()
    if edition is None:
        _say("Nothing differs; no edition was made.")
    else:
        told = f"{len(diff.created)} created, {len(diff.changed)} changed, {len(diff.retired)} retired"
        _say(f"Edition {edition.number} is published: {told}.")


def _show(diff: "Diff", standing: dict[tuple[str, str], str], wanted: dict[tuple[str, str], str]) -> None:
    """A diff that an editor can read: which items, and which fields of them."""
    for mark, keys, colour in (("+", diff.created, "green"), ("-", diff.retired, "red")):
        for kind, slug in keys:
            typer.secho(f"{mark} {kind}/{slug}", fg=colour)
    for key in diff.changed:
        typer.secho(f"~ {key[0]}/{key[1]}", fg="yellow")
        before, after = json.loads(standing[key]), json.loads(wanted[key])
        for field in sorted(before.keys() | after.keys()):
            if before.get(field) != after.get(field) and not field.endswith("_html"):
                typer.echo(f"    {field}:")
                typer.secho(f"      - {_short(before.get(field))}", fg="red")
                typer.secho(f"      + {_short(after.get(field))}", fg="green")
    if not diff:
        typer.echo("Nothing differs.")


def _short(value: Any) -> str:
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told if len(told) <= 300 else told[:300] + " …"


@app.command()
def export(
    target: Annotated[Path | None, typer.Argument(help="File to write; without it: standard output.")] = None,
) -> None:
    """Write everything published as NDJSON, the form that `pmhc load` reads."""
    lines = asyncio.run(_export())
    if target:
        target.write_bytes(b"".join(lines))
        _say(f"{len(lines)} items written to {target}.")
    else:
        sys.stdout.buffer.write(b"".join(lines))


async def _export() -> list[bytes]:
    from app.core.db import Database
    from app.editions.publish import export_line, standing_documents

    database = Database(_settings().database_url.get_secret_value())
    async with database.read() as session:
        standing = await standing_documents(session)
    await database.close()
    return [export_line(kind, slug, standing[kind, slug]) for kind, slug in sorted(standing)]


async def _count_editions() -> int:
    from sqlalchemy import func, select

    from app.core.db import Database
    from app.editions.models import Edition

    database = Database(_settings().database_url.get_secret_value())
    async with database.read() as session:
        count = await session.scalar(select(func.count()).select_from(Edition)) or 0
    await database.close()
    return count


def _shipped(name: str) -> Path:
    """A file or folder that comes with the program: beside `app` in a working copy, inside it when installed."""
    package = Path(__file__).resolve().parent
    beside = package.parent / name
    return beside if beside.exists() else package / "shipped" / name


def _make_folder(settings: "Settings") -> None:
    url = settings.database_url.get_secret_value()
    if url.startswith("sqlite") and (path := url.split("///", maxsplit=1)[-1]):
        Path(path).parent.mkdir(parents=True, exist_ok=True)


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


if __name__ == "__main__":
    main()
