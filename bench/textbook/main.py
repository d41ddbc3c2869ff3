"""The textbook application: an engine, a session dependency, and the routes.

`uvicorn bench.textbook.main:create_app --factory`, with the database in TEXTBOOK_DATABASE_URL.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from bench.textbook.routes import router

POOL = 10
"""As many connections as ours has by default."""


def create_app(url: str | None = None) -> FastAPI:
    """Build the application."""
    engine = create_async_engine(url or os.environ["TEXTBOOK_DATABASE_URL"], pool_size=POOL, max_overflow=0)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _connect(raw: Any, _record: Any) -> None:
            raw.execute("PRAGMA synchronous=FULL")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(title="Textbook", lifespan=lifespan)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.include_router(router)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    return app
