"""The `pmhc` command. Heavy imports happen inside commands, so that `--help` answers at once."""

import asyncio
import errno
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
    """The settings, each of them such that a server can start with it; else all faults are said, with status 2."""
    settings = _read_settings()
    if faults := list(_unfit(settings)):
        _fail("\n".join(faults), 2)
    return settings


def _read_settings() -> "Settings":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from app.core.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        names = ["_".join(["APP", *map(str, fault["loc"])]).upper() for fault in error.errors()]
        told = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
        _fail("\n".join(f"{n if n != 'APP' else 'settings'}: {t}" for n, t in zip(names, told, strict=True)), 2)
    except SettingsError as error:
        _fail(str(error), 2)


def _unfit(settings: "Settings") -> Iterator[str]:
    """What only those can read who use it: a fault of each that they would refuse."""
    from app.access.addresses import networks
    from app.access.policies import chosen
    from app.core.db import async_url
    from app.core.signing import load_key

    pem = settings.signing_key.get_secret_value() if settings.signing_key else ""
    for name, value, read in (
        ("APP_DATABASE_URL", settings.database_url.get_secret_value(), async_url),
        ("APP_LIMITS", settings.limits, chosen),
        ("APP_TRUSTED_PROXIES", settings.trusted_proxies, networks),
        ("APP_SIGNING_KEY", pem, load_key if pem else str),
    ):
        try:
            read(value)
        except ValueError as error:
            yield f"{name}: {str(error).removeprefix(name).lstrip(': ')}"


@contextmanager
def _plainly(settings: "Settings", status: int = 1, *, made: bool = False) -> Iterator[None]:
    """Say in one sentence what the database lacks; what is nobody's fault but ours goes on as it came.

    `made`: the block makes it where there is none.
    """
    from app.core.trouble import missing, sentence

    url = settings.database_url.get_secret_value()
    if not made and (gone := missing(url)):
        _fail(gone, status)
    try:
        yield
    except Exception as error:
        told = sentence(error, url)
        if told is None:
            raise
        _fail(told, status)


async def _knock(settings: "Settings") -> None:
    """Raise what the database says where it is away or empty, before anything is started on it."""
    from sqlalchemy import text

    from app.core.db import Database

    database = Database(settings.database_url.get_secret_value(), 1)
    try:
        async with database.read() as session:
            await session.execute(text("SELECT version_num FROM alembic_version"))
    finally:
        await database.close()


def _warn(settings: "Settings") -> None:
    if settings.is_mute:
        import structlog

        advice = "set APP_MAIL_URL, APP_MAIL_FROM and APP_STAFF_MAIL"
        structlog.get_logger().warning("mail.sent_to_nobody", advice=advice)


def _fail(message: str, status: int = 1) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(status)


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
    if not setup:
        with _plainly(settings, 3):
            asyncio.run(_knock(settings))
    sockets = _bind(settings)
    if setup:
        # A process of its own: what migrating and loading import need not stay in the server's memory.
        import subprocess

        done = subprocess.run([sys.executable, "-m", "app.cli", "setup"], check=False)
        if done.returncode:
            raise typer.Exit(done.returncode)
    import uvicorn

    from app.core.wire import Wire
    from app.main import create_app

    # uvicorn stops gracefully and then raises the signal again; by then everything is done, and done well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    door = create_app(settings)
    _warn(settings)

    class Server(uvicorn.Server):
        """Ends the streams of events when it is told to stop; they would hold it up until its time is over."""

        async def startup(self, sockets: "list[socket] | None" = None) -> None:
            try:
                await super().startup(sockets)
            except OSError as error:  # another program was as far as we were, and began to listen first
                _say(_no_port(settings, error))
                await self.lifespan.shutdown()
                self.should_exit = True
                return
            _say(f"Documentation: {_address(settings, sockets or [])}/docs")
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
        http=Wire,
        ws="none",
    )
    running = Server(config)
    with suppress(KeyboardInterrupt):
        running.run(sockets)
    if not running.started:
        raise typer.Exit(3)


def _bind(settings: "Settings") -> "list[socket]":
    """Take the port before anything is done; nobody is answered until the server listens."""
    import socket

    made: list[socket.socket] = []
    fault: OSError | None = None
    try:
        found = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        _fail(_no_port(settings, error), 3)
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            one = socket.socket(family, kind, protocol)
        except OSError as error:  # a machine without IPv6, say
            fault = error
            continue
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
        except OSError as error:
            fault = error
            one.close()
            if error.errno == errno.EADDRINUSE:
                break  # of two addresses of one name, both or none: the other would be somebody else's
        else:
            made.append(one)
    if fault and (not made or fault.errno == errno.EADDRINUSE):
        for one in made:
            one.close()
        _fail(_no_port(settings, fault), 3)
    return made


def _no_port(settings: "Settings", error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken; set APP_PORT to another."
    if error.errno == errno.EACCES:
        return f"Port {settings.port} needs rights that this user has not; set APP_PORT to one above 1023."
    return f"Nobody can listen on {settings.host} ({error.strerror}); set APP_HOST to an address of this machine."


def _address(settings: "Settings", sockets: "list[socket]") -> str:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "") else settings.host  # noqa: S104
    port = sockets[0].getsockname()[1] if sockets else settings.port
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
    with _plainly(settings):
        asyncio.run(_knock(settings))
    configure(settings)
    _warn(settings)

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
    if live:
        _check_live(_read_settings())
        return
    settings = _settings()
    from app.checkup import findings, strange

    typer.secho("✓ configuration", fg="green")
    for remark in strange(os.environ):
        typer.secho(f"! {remark}", fg="yellow")
    found = asyncio.run(findings(settings, _shipped))
    for told, fault in found:
        typer.secho(f"✗ {told}: {fault}" if fault else f"✓ {told}", fg="red" if fault else "green")
    if any(fault for _, fault in found):
        raise typer.Exit(1)


def _check_live(settings: "Settings") -> None:
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{settings.port}/livez", timeout=3, trust_env=False)
    except httpx.HTTPError as error:
        _fail(f"The server does not answer: {type(error).__name__}.")
    if answer.status_code != 200:
        _fail(f"The server answers {answer.status_code}.")


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
    settings = _settings()
    with _plainly(settings):
        count = asyncio.run(_count_editions(settings))
    if not count:
        load(source=_shipped("seed_data"))


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version; nothing is lost on the way."""
    from alembic import command
    from alembic.config import Config

    settings = _settings()
    config = Config(_shipped("alembic.ini"))
    config.set_main_option("script_location", str(_shipped("migrations")))
    config.attributes["url"] = settings.database_url.get_secret_value()
    with _plainly(settings, made=True):
        _make_folder(settings)
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

    settings = _settings()

    async def rotate() -> str:
        given = settings.signing_key.get_secret_value() if settings.signing_key else ""
        database = Database(settings.database_url.get_secret_value(), 2)
        try:
            return await Signer(database, Seal(settings.secret.get_secret_value()), utcnow, given).rotate()
        finally:
            await database.close()

    try:
        with _plainly(settings):
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
    settings = _settings()
    with _plainly(settings):
        return settings.database_url.get_secret_value()


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

    settings = _settings()
    chosen = source or _shipped("seed_data")
    try:
        with _progress() as progress:
            documents = check_drafts(read(chosen, KINDS), progress)
    except ContentError as error:
        for fault in error.faults:
            typer.secho(str(fault), fg="red", err=True)
        _fail(f"{len(error.faults)} mistake(s); nothing was loaded.")
    _say(f"{len(documents)} items checked.")
    with _plainly(settings):
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
        _fail(error.detail)
    finally:
        await database.close()
    if edition is None:
        _say("Nothing differs; no edition was made.")
    else:
        told = f"{len(diff.created)} created, {len(diff.changed)} changed, {len(diff.retired)} retired"
        _say(f"Edition {edition.number} is published: {told}.")


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


@app.command()
def export(
    target: Annotated[Path | None, typer.Argument(help="File to write; without it: standard output.")] = None,
) -> None:
    """Write everything published as NDJSON, the form that `pmhc load` reads."""
    settings = _settings()
    with _plainly(settings):
        lines = asyncio.run(_export(settings))
    if target:
        target.write_bytes(b"".join(lines))
        _say(f"{len(lines)} items written to {target}.")
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


async def _count_editions(settings: "Settings") -> int:
    from sqlalchemy import func, select

    from app.core.db import Database
    from app.editions.models import Edition

    database = Database(settings.database_url.get_secret_value())
    try:
        async with database.read() as session:
            return await session.scalar(select(func.count()).select_from(Edition)) or 0
    finally:
        await database.close()


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
