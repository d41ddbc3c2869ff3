"""One database, two first-class dialects, two ways in: `read()` and `write()`.

`write()` is one transaction that ends before the answer leaves. Only `core.bulk` ends transactions beside it.

SQLite is given the manners PostgreSQL has by birth. Two engines share the file: reads come from a pool with a plain
BEGIN, writes pass through one connection with BEGIN IMMEDIATE, because a transaction that reads and then writes must
own the write lock from the start, or two of them read the same row and one update is lost in silence.
`synchronous=FULL`: what was answered 201 must survive a power cut, not only a crash of the process.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic_core import to_json
from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app.core.clock import monotonic

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "synchronous=FULL",
    "busy_timeout=5000",
    "temp_store=MEMORY",
)
TRUSTED_SECONDS = 1.0
"""How long a connection may lie idle and be used again without a try."""
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
LIBPQ = {
    "application_name", "options", "passfile", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation",
    "sslpassword", "sslrootcert", "ssl_max_protocol_version", "ssl_min_protocol_version", "target_session_attrs",
}  # fmt: skip
"""What PostgreSQL's own library reads in an address and asyncpg reads in a DSN."""

Document = JSON().with_variant(JSONB(), "postgresql")
OptionalDocument = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""For columns that may be null: None is SQL's NULL there, not JSON's."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values going in, always comes out in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"naive datetime refused: {value!r}")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone; it was UTC going in."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Every table's parent; names every constraint so that a migration can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        dict[str, Any]: Document,
        list[str]: Document,
        StrEnum: Enum(
            StrEnum, native_enum=False, length=32, values_callable=lambda words: [word.value for word in words]
        ),
    }


def async_url(url: str) -> URL:
    """Name the asynchronous driver: `postgresql://…` is read as asyncpg, `sqlite:///…` as aiosqlite."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # not repeated: it may hold a password
        raise ValueError("APP_DATABASE_URL cannot be read; use sqlite:///path or postgresql://…") from None
    name = parsed.drivername.split("+", maxsplit=1)[0]
    if name not in DRIVERS:
        raise ValueError(f"APP_DATABASE_URL starts with {name!r}; use sqlite:///path or postgresql://…")
    return parsed.set(drivername=DRIVERS[name])


def _json(value: object) -> str:
    return to_json(value).decode()


def _for_postgresql(target: URL) -> tuple[URL, dict[str, Any]]:
    """The address without libpq's own words (`?sslmode=require`), and the driver's arguments, which hold them.

    asyncpg understands them in a DSN only; left in the address, SQLAlchemy would hand them on as arguments it refuses.
    """
    words = {name: value for name, value in target.query.items() if name in LIBPQ}
    # A connection is given up after 5 s: whoever asks is told so while they still wait.
    arguments: dict[str, Any] = {"timeout": 5, "command_timeout": 30}
    if words:
        arguments["dsn"] = f"postgresql://?{urlencode(words, doseq=True)}"
    return target.difference_update_query(words), arguments


def make_engine(url: str, *, pool: int, begin: str = "BEGIN") -> AsyncEngine:
    """Build one engine; `begin` is the statement that opens its transactions on SQLite."""
    target = async_url(url)
    # hide_parameters: an error message must not carry what a person typed.
    options: dict[str, Any] = {
        "json_serializer": _json,
        "pool_size": pool,
        "max_overflow": 0,
        "pool_timeout": 10,
        "hide_parameters": True,
    }
    if target.drivername.startswith("postgresql"):
        target, options["connect_args"] = _for_postgresql(target)
    engine = create_async_engine(target, **options)
    if engine.dialect.name == "postgresql":
        _replace_the_dead(engine)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(raw: Any, _record: Any) -> None:
            raw.isolation_level = None  # we send BEGIN ourselves, below
            cursor = raw.cursor()
            for pragma in SQLITE_PRAGMAS:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _replace_the_dead(engine: AsyncEngine) -> None:
    """A connection that died while idle is replaced before it is used, not after it failed somebody.

    SQLAlchemy's own `pool_pre_ping` asks the server before each use, three round trips where most work takes one. Here
    only a connection that lay idle is tried; of one that was just used, the driver knows whether the server closed it.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def _left(_raw: Any, record: Any) -> None:
        record.info["left"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _taken(raw: Any, record: Any, _holder: Any) -> None:
        if raw.driver_connection.is_closed():
            raise InvalidatePoolError
        if monotonic() - record.info.get("left", monotonic()) > TRUSTED_SECONDS:
            try:
                engine.dialect.do_ping(raw)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error


class Database:
    """Hands out sessions; every `write()` is one transaction."""

    def __init__(self, url: str, pool: int = 10) -> None:
        """Prepare the pools; nothing connects until a session is used."""
        self.url = url
        self.reader = make_engine(url, pool=pool)
        self.dialect: str = self.reader.dialect.name
        self.writer = make_engine(url, pool=1, begin="BEGIN IMMEDIATE") if self.dialect == "sqlite" else self.reader
        self._read = async_sessionmaker(self.reader, expire_on_commit=False)
        self._write = async_sessionmaker(self.writer, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for looking; what it changes is dropped."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session for one transaction: kept whole when the block ends, undone whole when it raises."""
        async with self._write.begin() as session:
            yield session

    async def close(self) -> None:
        """Give every connection back."""
        await self.reader.dispose()
        await self.writer.dispose()
