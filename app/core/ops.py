"""What an operator asks of a running process: alive, ready, which version, how much."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from app import __version__
from app.core.beat import is_late
from app.core.errors import ServerError, Unavailable
from app.core.web import Out, Reading, new_router, problems

router: APIRouter = new_router("", "Operation")


class Live(Out):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Version(Out):
    """Which build this is."""

    version: str
    schema_revision: str | None
    edition: int


@router.get("/livez", operation_id="getLiveness", responses=problems(ServerError))
async def get_liveness() -> Live:
    """Tell whether the process answers.

    Touches nothing else: a platform that restarts what fails this check must not restart for a database's sake.
    """
    return Live()


@router.get("/readyz", operation_id="getReadiness", responses=problems(Unavailable, ServerError))
async def get_readiness(request: Request, session: Reading) -> Live:
    """Tell whether requests should be sent here.

    503 while the database is out of reach or not migrated, or no worker has ticked for half a minute.
    """
    await session.execute(text("SELECT version_num FROM alembic_version"))
    if await is_late(session, request.app.state.clock()):
        raise Unavailable("No worker has ticked lately; run `pmhc worker`, or serve with APP_WORKER=inline.")
    return Live()


@router.get("/version", operation_id="getVersion", responses=problems(ServerError, Unavailable))
async def get_version(request: Request, session: Reading) -> Version:
    """Tell which build, database schema and edition this is."""
    revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    return Version(version=__version__, schema_revision=revision, edition=request.app.state.shelf.current.number)


@router.get(
    "/metrics",
    operation_id="getMetrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(ServerError)},
)
async def get_metrics(request: Request) -> Response:
    """Give Prometheus its numbers."""
    metrics: Any = request.app.state.metrics
    metrics.edition.set(request.app.state.shelf.current.number)
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
