"""What every command needs: settings, one sentence for each trouble, and where the shipped files are."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from app.core.settings import Settings

Answer = TypeVar("Answer")


def read_settings() -> "Settings":
    """The settings, each of them such that a server can start with it; else all faults are said, with status 2."""
    settings = _read()
    if faults := list(_unfit(settings)):
        fail("\n".join(faults), 2)
    return settings


def _read() -> "Settings":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from app.core.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        names = ["_".join(["APP", *map(str, fault["loc"])]).upper() for fault in error.errors()]
        told = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
        fail("\n".join(f"{n if n != 'APP' else 'settings'}: {t}" for n, t in zip(names, told, strict=True)), 2)
    except SettingsError as error:
        fail(str(error), 2)


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
def plainly(settings: "Settings", status: int = 1, *, made: bool = False) -> Iterator[None]:
    """Say in one sentence what the database lacks; what is nobody's fault but ours goes on as it came.

    `made`: the block makes it where there is none.
    """
    from app.core.trouble import missing, sentence

    url = settings.database_url.get_secret_value()
    if not made and (gone := missing(url)):
        fail(gone, status)
    try:
        yield
    except Exception as error:
        told = sentence(error, url)
        if told is None:
            raise
        fail(told, status)


async def knock(settings: "Settings") -> None:
    """Raise what the database says where it is away or empty, before anything is started on it."""
    from sqlalchemy import text

    from app.core.db import Database

    database = Database(settings.database_url.get_secret_value(), 1)
    try:
        async with database.read() as session:
            await session.execute(text("SELECT version_num FROM alembic_version"))
    finally:
        await database.close()


def warn(settings: "Settings") -> None:
    if settings.is_mute:
        import structlog

        advice = "set APP_MAIL_URL, APP_MAIL_FROM and APP_STAFF_MAIL"
        structlog.get_logger().warning("mail.sent_to_nobody", advice=advice)


def fail(message: str, status: int = 1) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(status)


def say(message: str) -> None:
    typer.echo(message, err=True)


def ask(asked: Coroutine[Any, Any, Answer]) -> Answer:
    from app.access.commands import Refused

    try:
        return asyncio.run(asked)
    except Refused as refused:
        fail(str(refused))


def database_url() -> str:
    settings = read_settings()
    with plainly(settings):
        return settings.database_url.get_secret_value()


def shipped(name: str) -> Path:
    """A file or folder that comes with the program: beside `app` in a working copy, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / name
    return beside if beside.exists() else package / "shipped" / name


def make_folder(settings: "Settings") -> None:
    url = settings.database_url.get_secret_value()
    if url.startswith("sqlite") and (path := url.split("///", maxsplit=1)[-1]):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
