"""What tests are made of: databases from templates, running applications, a clock that moves."""

import json
import shutil
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
from alembic import command
from alembic.config import Config
from anyio import to_thread
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.access.policies import POLICIES
from app.contents import KINDS
from app.core.db import Database
from app.core.facts import FACTS
from app.core.mailbox import mail_target
from app.core.settings import Settings
from app.core.work import Event, Work
from app.editions import load
from app.editions.publish import publish
from app.main import create_app
from tests.postgres import PostgreSQL

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
KINDS_OF_DATABASE = ("sqlite", "postgresql")
UNLIMITED = ",".join(f"{policy.name}=9999999/1" for policy in POLICIES)
"""The clock of a test stands still, so windows of the usual limits would never end."""


@dataclass
class MovableClock:
    """Stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """One running application: its client, its database, its clock."""

    client: httpx.AsyncClient
    app: object
    database: Database
    clock: MovableClock
    settings: Settings = field(repr=False)

    @property
    def state(self):
        return self.app.app.state

    async def drain(self) -> int:
        """Let the worker do everything that is due now."""
        return await self.state.worker.drain()

    def letters(self) -> list[EmailMessage]:
        """What has gone out, in the order in which it was owed."""
        folder = mail_target(self.settings.mail_url.get_secret_value()).path
        files = sorted(folder.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=SMTP) for file in files]


@cache
def seed_documents() -> dict[tuple[str, str], str]:
    """The real content, read and checked once in a run."""
    return load.check(load.read(ROOT / "seed_data", KINDS))


def migrate(url: str, revision: str = "head", *, down: bool = False) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    (command.downgrade if down else command.upgrade)(config, revision)


async def publish_documents(database: Database, documents, *, now: datetime = NOW, **options):
    async with database.write() as session:
        return await publish(Work(session, actor="test", now=now), documents, **options)


class Templates:
    """Makes databases: each is a copy of one that was migrated, or migrated and filled, once."""

    def __init__(self, kind: str, folder: Path, postgres: PostgreSQL | None) -> None:
        self.kind, self.folder, self.postgres = kind, folder, postgres
        self.made: set[str] = set()
        self.free: dict[str, list[str]] = defaultdict(list)
        """Copies of each template that are as good as new."""
        self.copied_from: dict[str, str] = {}

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite3" if self.kind == "sqlite" else self.postgres.url_of(name)

    async def template(self, *, seeded: bool) -> str:
        name = "seeded" if seeded else "bare"
        if name not in self.made:
            if self.kind == "postgresql":
                name_here = f"template_{name}"
                self.postgres.create_database(name_here)
            else:
                name_here = f"template_{name}"
            url = self.url(name_here)
            # Alembic runs its own event loop, so it needs a thread without one.
            await anyio_thread(migrate, url)
            if seeded:
                database = Database(url, 2)
                await publish_documents(database, seed_documents())
                await database.close()
            if self.kind == "sqlite":
                _fold_journal(self.folder / f"{name_here}.sqlite3")
            else:
                await anyio_thread(self.postgres.keep_database, name_here)
            self.made.add(name)
        return f"template_{name}"

    async def create(self, *, seeded: bool) -> str:
        template = await self.template(seeded=seeded)
        if self.free[template]:
            return self.url(self.free[template].pop())
        name = f"t_{uuid.uuid4().hex[:16]}"
        if self.kind == "sqlite":
            shutil.copy(self.folder / f"{template}.sqlite3", self.folder / f"{name}.sqlite3")
            return self.url(name)
        self.copied_from[name] = template
        return await anyio_thread(self.postgres.create_database, name, template)

    def drop(self, url: str) -> None:
        name = urlsplit(url).path.rsplit("/", 1)[-1]
        if self.kind == "sqlite":
            for file in self.folder.glob(f"{name}*"):
                file.unlink()
        elif self.postgres.put_back(name):
            self.free[self.copied_from[name]].append(name)
        else:
            self.postgres.drop_database(name)


async def anyio_thread(function, *arguments):
    return await to_thread.run_sync(function, *arguments)


def _fold_journal(file: Path) -> None:
    """Leave one file without a write-ahead log beside it, so that a copy of it is whole."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def settings_for(url: str, **overrides) -> Settings:
    usual = {"database_pool": 5, "log_level": "error", "worker": "none", "limits": UNLIMITED}
    return Settings(database_url=url, **{**usual, **overrides})


async def every_event_is_as_it_was_defined(world: World) -> None:
    """Whatever a test let happen: its data is of the shape that was promised for its type."""
    try:
        async with world.database.read() as session:
            happened = list(await session.execute(select(Event.type, Event.data)))
    except (SQLAlchemyError, OSError):
        return  # some tests take the database away
    for type_, data in happened:
        FACTS[type_].data.model_validate_json(json.dumps(data))


COMPILED: dict[str, tuple] = {}


async def share_compiled(database: Database) -> None:
    """Statements are compiled once in a run, and not once for each test's engines: half of a short test is that."""
    for engine in {database.reader.sync_engine, database.writer.sync_engine}:
        kind = database.dialect
        if kind not in COMPILED:
            async with database.reader.connect():  # what the dialect asks its first connection
                COMPILED[kind] = database.reader.sync_engine.dialect, database.reader.sync_engine._compiled_cache
        engine.dialect, engine._compiled_cache = COMPILED[kind]


@asynccontextmanager
async def running(url: str, clock: MovableClock | None = None, **overrides) -> AsyncIterator[World]:
    """An application that serves a database, for as long as the block lasts."""
    clock = clock or MovableClock()
    with TemporaryDirectory(prefix="pmhc-mail-") as mail:
        settings = settings_for(url, **{"mail_url": f"file:{mail}", **overrides})
        door = create_app(settings, clock=clock)
        await share_compiled(door.app.state.database)
        async with door.app.router.lifespan_context(door.app):
            transport = httpx.ASGITransport(door, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                world = World(client, door, door.app.state.database, clock, settings)
                yield world
                await every_event_is_as_it_was_defined(world)
