"""How well the promise is kept, in public: figures that anybody with the events can compute again.

Only the real world counts. A request counts (`n`) as soon as its promise was kept or broken; one that ended before it
was due counts on neither side. A confirmation that never came counts as slower than every one that came, so waiting
longer never makes the figures better. Below ten nothing is shown: one request more or less would move a share by more
than it tells.
"""

from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, select
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


def tallied(since: datetime) -> Select[Any]:
    """All figures in one pass: the settled lives are ranked by their time, those never confirmed last."""
    c = lives(since).subquery().c
    broken, done = c.breached_at.is_not(None), c.confirmed_at.is_not(None)
    settled = case((broken | done, 1), else_=0)
    waiting = and_(c.confirmed_at.is_(None), c.ended_at.is_(None))
    ranked = select(
        c.seconds,
        settled.label("settled"),
        case((and_(done, ~broken), 1), else_=0).label("kept"),
        case((and_(waiting, ~broken), 1), else_=0).label("open"),
        case((and_(waiting, broken), 1), else_=0).label("overdue"),
        func.row_number().over(partition_by=settled, order_by=(c.seconds.is_(None), c.seconds)).label("place"),
        func.sum(settled).over().label("n"),
    ).subquery()
    r = ranked.c

    def percentile(percent: int) -> Any:
        """The nearest rank: the first place that has so many of a hundred at or before it."""
        place = cast(r.n * percent + 99, BigInteger) // 100
        return func.max(case((and_(r.settled == 1, r.place == place), r.seconds)))

    def total(column: Any) -> Any:
        return func.coalesce(func.sum(column), 0)

    return select(
        total(r.settled).label("n"), total(r.kept).label("kept"), total(r.open).label("open"),
        total(r.overdue).label("overdue"), percentile(50).label("p50"), percentile(90).label("p90"),
    )  # fmt: skip


async def figures(session: AsyncSession, now: datetime) -> dict[str, Any]:
    """The figures of the last year."""
    since = now - WINDOW
    row = (await session.execute(tallied(since))).one()
    n = int(row.n)
    told: dict[str, Any] = {
        "promise": PromiseName.CONFIRMATION, "window_from": since, "window_until": now, "n": n,
        "kept": None, "share_kept": None, "p50_seconds": None, "p90_seconds": None, "open": None, "overdue": None,
        "suppressed": None,
    }  # fmt: skip
    if n < LEAST:
        return told | {
            "suppressed": f"Fewer than {LEAST} requests in the window: figures would say more than they know."
        }
    return told | {
        "kept": row.kept,
        "share_kept": round(int(row.kept) / n, 4),
        "p50_seconds": row.p50,
        "p90_seconds": row.p90,
        "open": row.open,
        "overdue": row.overdue,
    }


@router.get("/confirmation", response_model=ServiceLevelOut, operation_id="getConfirmationServiceLevel")
async def get_confirmation_level(request: Request, response: Response, session: Reading) -> dict[str, Any]:
    """Get how well the promise of 36 hours is kept.

    Over the requests of the last year, from their events: kept of all that were kept or broken, half and nine tenths of
    the times to confirmation, those waiting and those late. Null with the reason while there are fewer than ten.
    """
    response.headers["Cache-Control"] = f"public, max-age={SECONDS_KEPT}"
    state, now = request.app.state, request.app.state.clock()
    kept: dict[str, Any] | None = getattr(state, "confirmation_level", None)
    # A year of events is read for it, so an answer stands for as long as we say that it may be kept.
    if kept is None or not timedelta(0) <= now - kept["window_until"] < timedelta(seconds=SECONDS_KEPT):
        kept = state.confirmation_level = await figures(session, now)
    return kept
