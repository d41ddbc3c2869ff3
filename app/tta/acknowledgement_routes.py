"""Saying that a confirmation was heard."""

from typing import Any
from uuid import UUID

from app.access.deps import Working
from app.access.scopes import Scope
from app.core.web import Out, new_router, problems
from app.core.words import Instant
from app.tta.acknowledgement import NothingToAcknowledge, acknowledge
from app.tta.looking import Actor, Name
from app.tta.service import find
from app.tta.states import By

router = new_router("/v1/tta-requests", "TTA requests")


class AcknowledgementOut(Out):
    """The confirmation was heard."""

    request_id: UUID
    reference: str
    confirmed_at: Instant
    acknowledged_at: Instant
    acknowledged_by: By


@router.post(
    "/{name}/acknowledgements", operation_id="acknowledgeTTAConfirmation", response_model=AcknowledgementOut,
    responses=problems(NothingToAcknowledge),
)  # fmt: skip
async def acknowledge_confirmation(viewer: Actor, work: Working, name: Name) -> dict[str, Any]:
    """Acknowledge the confirmation.

    Your system has it, and the people who asked know.

    A partner's confirmation that nobody acknowledges within 24 hours is told again by letter; after 24 hours more,
    staff have the task to reach you. Anything you do to the request after the confirmation acknowledges it too. The
    first word counts; repeating it changes nothing. `GET /v1/me/silences` lists what is not acknowledged.
    """
    if not viewer.caller.anonymous:
        viewer.caller.demand(Scope.TTA_ACT if viewer.by is By.STAFF else Scope.TTA_SUBMIT)
    request = await find(work, viewer, name)
    row = await acknowledge(work, viewer, request)
    return {
        "request_id": request.id, "reference": request.reference, "confirmed_at": row.confirmed_at,
        "acknowledged_at": row.acknowledged_at, "acknowledged_by": row.acknowledged_by,
    }  # fmt: skip
