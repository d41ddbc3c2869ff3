"""How well the promise is kept, in public: figures that anybody with the events can compute again.

Only the real world counts. A request counts (`n`) as soon as its promise was kept or broken; one that ended before it
was due counts on neither side. A confirmation that never came counts as slower than every one that came, so waiting
longer never makes the figures better. Below ten nothing is shown: one request more or less would move a share by more
than it tells.
"""

from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.web import Reading, new_router
from app.core.work import Event
from app.tta.facts import SUBJECT
from app.tta.schemas import ServiceLevelOut
from app.tta.sla import PromiseName

router = new_router("/v1/service-levels", "TTA requests")
LEAST = 10
WINDOW = timedelta(days=365)
SECONDS_KEPT = 60
CONFIRMED, BREACHED = "tta.confirmed", "tta.promise_breached"
ENDED = ("tta.declined", "tta.referred", "tta.withdrawn")


def lives(since: datetime) -> Select[Any]:
    """One row for each request received since, put together from its events."""
    about = Event.data["promise"].as_string() == PromiseName.CONFIRMATION.value

    def first(condition: ColumnElement[bool]) -> Any:
        return func.min(case((condition, Event.at)))

    received = first(Event.type == "tta.submitted")
    return (
        select(
            received.label("received_at"),
            first(Event.type == CONFIRMED).label("confirmed_at"),
            first(and_(Event.type == BREACHED, about)).label("breached_at"),
            first(Event.type.in_(ENDED)).label("ended_at"),
            func.min(case((Event.type == CONFIRMED, Event.data["elapsed_seconds"].as_integer()))).label("seconds"),
        )
        .where(
            Event.subject_type == SUBJECT,
            Event.world_id.is_(None),
            Event.at >= since,
            Event.type.in_(("tta.submitted", CONFIRMED, BREACHED, *ENDED)),
        )
        .group_by(Event.subject_id)
        .having(received >= since)
    )


async def figures(session: AsyncSession, now: datetime) -> dict[str, Any]:
    """The figures of the last year."""
    since = now - WINDOW
    life = lives(since).subquery()
    c = life.c
    broken, done = c.breached_at.is_not(None), c.confirmed_at.is_not(None)
    waiting = and_(c.confirmed_at.is_(None), c.ended_at.is_(None))

    def tally(condition: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    kept_, broken_, open_, overdue = (
        await session.execute(
            select(
                tally(and_(done, ~broken)), tally(broken), tally(and_(waiting, ~broken)), tally(and_(waiting, broken))
            )
        )
    ).one()
    n = kept_ + broken_
    told = {
        "promise": PromiseName.CONFIRMATION, "window_from": since, "window_until": now, "n": n,
        "kept": None, "share_kept": None, "p50_seconds": None, "p90_seconds": None, "open": None, "overdue": None,
        "suppressed": None,
    }  # fmt: skip
    if n < LEAST:
        return told | {
            "suppressed": f"Fewer than {LEAST} requests in the window: figures would say more than they know."
        }
    ranked = select(c.seconds).where(broken | done).order_by(c.seconds.is_(None), c.seconds)
    return told | {
        "kept": kept_,
        "share_kept": round(kept_ / n, 4),
        "p50_seconds": await session.scalar(ranked.offset(_rank(n, 50)).limit(1)),
        "p90_seconds": await session.scalar(ranked.offset(_rank(n, 90)).limit(1)),
        "open": open_,
        "overdue": overdue,
    }


def _rank(n: int, percent: int) -> int:
    """The place, from 0, of the nearest-rank percentile."""
    return max(0, -(-n * percent // 100) - 1)


@router.get("/confirmation", response_model=ServiceLevelOut, operation_id="getConfirmationServiceLevel")
async def get_confirmation_level(request: Request, response: Response, session: Reading) -> dict[str, Any]:
    """Get how well the promise of 36 hours is kept.

    Over the requests of the last year, from their events: kept of all that were kept or broken, half and nine tenths of
    the times to confirmation, those waiting and those late. Null with the reason while there are fewer than ten.
    """
    response.headers["Cache-Control"] = f"public, max-age={SECONDS_KEPT}"
    return await figures(session, request.app.state.clock())
