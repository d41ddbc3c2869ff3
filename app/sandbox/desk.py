"""The tame desk: staff of a sandbox that do what the partner says, so that every path can be rehearsed.

It acts through the same service as staff do, as the one member of staff that each sandbox is made with; a request
that is not of that sandbox is not there for it.
"""

from typing import Annotated, Any, Union
from uuid import UUID

from pydantic import Field, RootModel, ValidationError, create_model
from sqlalchemy import select

from app.access.models import Owner, Role
from app.access.principal import Kind, Principal
from app.access.scopes import GRANTABLE
from app.core.bodies import faults_of
from app.core.errors import Invalid
from app.core.work import Work
from app.tta import actions, service, views
from app.tta.looking import REQUEST_NAME
from app.tta.moves import Tools
from app.tta.personal import Contact
from app.tta.queries import Viewer
from app.tta.states import DESK, TABLE, By

RequestName = Annotated[
    str,
    Field(max_length=36, pattern=REQUEST_NAME, description="The id, or the reference, of a request of your sandbox."),
]
STAFF_ACTIONS = {row.action for row in TABLE if By.STAFF in row.by} | set(DESK)
ORDERS: dict[str, Any] = {
    name: create_model(f"Desk{kind.__name__}", __base__=kind, __doc__=kind.__doc__, request=(RequestName, ...))
    for name, kind in actions.KINDS.items()
    if name in STAFF_ACTIONS
}
"""What the desk can be told to do: the bodies that staff send, with the request that they are about."""


AnyOrder: Any = Annotated[Union[tuple(ORDERS.values())], Field(discriminator="action")]  # noqa: UP007


class SandboxDeskAction(RootModel[AnyOrder]):
    """What the desk of your sandbox shall do, to which request."""


def read_order(body: Any) -> Any:
    """The order that was sent, or every fault of it."""
    name = body.get("action") if isinstance(body, dict) else None
    kind = ORDERS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Invalid([{"pointer": "/action", "detail": f"Send one of: {', '.join(ORDERS)}."}])
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None


async def obey(work: Work, caller: Principal, world_id: UUID, order: Any, tools: Tools) -> dict[str, Any]:
    """Do as told, and show the request as the desk sees it."""
    owner = await work.session.scalar(select(Owner).where(Owner.world_id == world_id, Owner.kind == Role.STAFF))
    desk = Principal(
        kind=Kind.STAFF, name="Sandbox desk", owner_id=owner.id if owner else None, scopes=GRANTABLE[Role.STAFF],
        world_id=world_id, offset=caller.offset,
    )  # fmt: skip
    viewer = Viewer(desk)
    at_the_desk = Work(
        session=work.session, actor=desk.actor, now=work.now, request_id=work.request_id, world_id=world_id
    )
    request = await service.act(at_the_desk, viewer, order.request, order, tools)
    await work.session.flush()
    contact = await work.session.get(Contact, request.id)
    names = await views.staff_names(work.session, viewer, [request.assignee_id])
    return views.whole(viewer, request, contact, work.now, names)
