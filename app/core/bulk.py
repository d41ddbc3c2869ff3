"""Rows of several tables in a transaction that does nothing else, handed to the driver as one piece of work.

For a few small rows, what stands before the database costs several times what the database needs: each statement is
prepared, sent and awaited by itself. Here a transaction is composed once and then only filled:

- SQLite: BEGIN, one `executemany` for each table and COMMIT run in one visit to the connection's thread.
- PostgreSQL: one statement, which is a transaction by itself, so one round trip. Each column comes as an array.

Values pass through the types of their columns, and failures through SQLAlchemy's exceptions, as everywhere else.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    Dialect,
    Select,
    String,
    Table,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from app.core.db import Database, UTCDateTime

Row = Mapping[str, Any]
Shape = tuple[tuple[Table, tuple[str, ...]], ...]
"""Tables, and the columns of each that are written, in the order of the table."""
Process = Callable[[Any], Any] | None
"""Makes a value ready for the driver, if that takes anything."""


async def write_rows(database: Database, rows: Sequence[tuple[Table, Sequence[Row]]]) -> None:
    """Write all rows or none, table after table in the order given.

    The rows of one table name the same columns; what they leave out is as the table says. Raises what any statement
    raises: `IntegrityError` where a row is refused, `OperationalError` where the database is away.
    """
    filled = [(table, values) for table, values in rows if values]
    if not filled:
        return
    shape = tuple((table, tuple(key for key in table.c.keys() if key in values[0])) for table, values in filled)  # noqa: SIM118
    write = _sqlite if database.dialect == "sqlite" else _postgresql
    await write(database, shape, [values for _, values in filled])


async def _sqlite(database: Database, shape: Shape, rows: Sequence[Sequence[Row]]) -> None:
    dialect = database.writer.dialect
    work = [
        (statement, [tuple([_ready(row[key], process) for key, process in columns]) for row in values])
        for (statement, columns), values in zip(_inserts(shape, dialect), rows, strict=True)
    ]
    async with database.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            # aiosqlite has no public way to run several statements in one visit to its thread.
            await driver._execute(_at_once, driver._conn, work)  # noqa: SLF001
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                None, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect
            ) from error


def _at_once(driver: sqlite3.Connection, work: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    driver.execute("BEGIN IMMEDIATE")
    try:
        for statement, rows in work:
            driver.executemany(statement, rows)
        driver.execute("COMMIT")
    except BaseException:
        driver.rollback()
        raise


@lru_cache(maxsize=64)
def _inserts(shape: Shape, dialect: Dialect) -> Sequence[tuple[str, Sequence[tuple[str, Process]]]]:
    """For each table its statement, and its columns with what makes their values ready."""
    return [
        (
            str(insert(table).compile(dialect=dialect, column_keys=keys)),
            [(key, _process(table.c[key].type, dialect)) for key in keys],
        )
        for table, keys in shape
    ]


async def _postgresql(database: Database, shape: Shape, rows: Sequence[Sequence[Row]]) -> None:
    statement, columns = _one_statement(shape, database.writer.dialect)
    arrays = [[_ready(row[key], process) for row in rows[place]] for place, key, process in columns]
    async with database.writer.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.exec_driver_sql(statement, tuple(arrays))


@lru_cache(maxsize=64)
def _one_statement(shape: Shape, dialect: Dialect) -> tuple[str, Sequence[tuple[int, str, Process]]]:
    """All tables in one statement; and for each of its arrays the table's place, the column, and what makes it ready.

    Each insert but the first waits for the one before it, so that rows are written, and locks taken, in the order
    given; without it PostgreSQL takes an order of its own.
    """
    done: list[CTE] = []
    columns: dict[str, tuple[int, str, Process]] = {}
    for place, (table, keys) in enumerate(shape):
        types = {key: _element(table.c[key].type) for key in keys}
        columns |= {f"{place}_{key}": (place, key, _process(type_, dialect)) for key, type_ in types.items()}
        arrays = (bindparam(f"{place}_{key}", type_=ARRAY(type_)) for key, type_ in types.items())
        given = func.unnest(*arrays).table_valued(*(column(key, type_) for key, type_ in types.items()))
        rows = select(*given.render_derived(f"rows_{place}").c)
        if done:
            rows = rows.where(_count(done[-1]).scalar_subquery() > literal_column("0"))
        done.append(insert(table).from_select(keys, rows).returning(literal_column("1")).cte(f"written_{place}"))
    compiled = _count(done[-1]).compile(dialect=dialect)
    return str(compiled), [columns[name] for name in compiled.positiontup or ()]


def _count(rows: CTE) -> Select[Any]:
    return select(func.count()).select_from(rows)


def _element(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Text without a length: a cast to one would cut off silently what the column itself refuses."""
    return Text() if isinstance(type_, String) and type(type_) is String else type_


def _process(type_: TypeEngine[Any], dialect: Dialect) -> Process:
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    # The rows of one change name the same few instants over and over.
    return lru_cache(maxsize=256)(process) if process and isinstance(type_, UTCDateTime) else process


def _ready(value: Any, process: Process) -> Any:
    return value if value is None or process is None else process(value)
