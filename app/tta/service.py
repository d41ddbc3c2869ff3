"""What is done to a request: found, acted upon, written about.

Every function works on a row that is locked for the length of the transaction, so two at once are one after the other
on both databases: the second finds what the first left. Before anything is done to a request, what fell due before
this instant is told (`escalation.catch_up`), so facts stay in order even where a worker slept.
"""

from app.access.scopes import Scope
from app.core.errors import Invalid, NotFound
from app.core.work import Event, Work
from app.tta import actions as a
from app.tta.acknowledgement import note_word
from app.tta.desk import at_the_desk
from app.tta.escalation import catch_up
from app.tta.hands import end_lease
from app.tta.looking import NOT_FOUND
from app.tta.models import TTARequest
from app.tta.moves import Tools, move
from app.tta.queries import Viewer, named
from app.tta.states import DESK, By, Letter
from app.tta.telling import letter, record, write


async def find(work: Work, viewer: Viewer, name: str) -> TTARequest:
    """The request, locked for this transaction, with everything told that fell due."""
    request = await work.session.scalar(named(viewer, name).with_for_update())
    if request is None:
        raise NotFound(NOT_FOUND)
    await catch_up(work, [request])
    end_lease(work, request)
    return request


async def act(work: Work, viewer: Viewer, name: str, asked: a.Act, tools: Tools) -> TTARequest:
    """Do one thing to a request."""
    if not viewer.caller.anonymous:
        viewer.caller.demand(Scope.TTA_ACT if viewer.by is By.STAFF else Scope.TTA_SUBMIT)
    request = await find(work, viewer, name)
    if asked.action in DESK:
        await at_the_desk(work, viewer, request, asked)
    else:
        await move(work, viewer, request, asked, tools)
    await note_word(work, viewer, request)
    request.updated_at = work.now
    return request


async def say(work: Work, viewer: Viewer, name: str, words: str, *, internal: bool) -> Event:
    """A message to the other side, or a note among staff."""
    if internal and viewer.by is not By.STAFF:
        raise Invalid([{"pointer": "/internal", "detail": "Only staff write internal notes; leave this out."}])
    if not viewer.caller.anonymous:
        by_staff = Scope.TTA_NOTE if internal else Scope.TTA_ACT
        viewer.caller.demand(by_staff if viewer.by is By.STAFF else Scope.TTA_SUBMIT)
    request = await find(work, viewer, name)
    fact = "tta.noted" if internal else "tta.messaged"
    event = record(
        work, request, fact,
        reference=request.reference, external_ref=request.external_ref, by=viewer.by.value,
    )  # fmt: skip
    write(work, viewer, request, event, {"words": words}, internal=internal)
    await note_word(work, viewer, request)
    request.updated_at = work.now
    if not internal:
        letter(work, request, Letter.MESSAGE if viewer.by is By.STAFF else Letter.ANSWER, event)
    return event
