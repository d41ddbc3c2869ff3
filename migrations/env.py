"""Runs migrations on either database; one history for both.

The URL comes from the command that calls Alembic, or from `APP_DATABASE_URL`.
"""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from app.core.db import make_engine
from app.core.settings import Settings
from app.tables import metadata


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """Spell plain types, so that a migration imports nothing from `app`."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    if kind == "type" and type(item).__name__ == "JSON":
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    given = context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url")
    url = given or Settings().database_url.get_secret_value()
    # IMMEDIATE: two programs that migrate at once wait for each other instead of colliding.
    engine = make_engine(url, pool=1, begin="BEGIN IMMEDIATE")
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7046202)")
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
