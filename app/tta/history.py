"""The timeline of a request: facts and letters in one order, a page at a time."""

from typing import Any

from sqlalchemy import Uuid, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.scopes import Scope
from app.core.db import UTCDateTime
from app.core.notices import Notice
from app.core.paging import CursorQuery, Cursors, Cut, count
from app.core.work import Event
from app.tta import views
from app.tta.models import TTARequest
from app.tta.queries import Viewer, facts_about, letters_about
from app.tta.states import By


async def page_of(
    session: AsyncSession, viewer: Viewer, request: TTARequest, cursors: Cursors, query: CursorQuery
) -> tuple[Cut[dict[str, Any]], int]:
    """One page of what happened, oldest first, and how much there is: a constant number of statements."""
    staff = viewer.by is By.STAFF
    facts = facts_about(request, staff=staff, notes=viewer.caller.may(Scope.TTA_NOTE))
    letters = letters_about(request, staff=staff)
    total = await count(session, facts) + await count(session, letters)
    if query.cursor is not None:
        at, last, _ = cursors.read(query.cursor)
        place = tuple_(literal(at, UTCDateTime()), literal(last, Uuid()))
        facts = facts.where(tuple_(Event.at, Event.id) > place)
        letters = letters.where(tuple_(Notice.queued_at, Notice.id) > place)
    most = query.limit + 1
    found = list(await session.scalars(facts.order_by(Event.at, Event.id).limit(most)))
    sent = list(await session.scalars(letters.order_by(Notice.queued_at, Notice.id).limit(most)))
    entries = await views.timeline(session, viewer, found, sent)
    more, page = len(entries) > query.limit, entries[: query.limit]
    following = cursors.write(page[-1]["at"], page[-1]["id"], back=False) if more else None
    return Cut(page, next=following, prev=None), total
