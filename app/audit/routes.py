"""Who did what, when: the events, as staff read them.

Nothing writes here: an event is recorded in the transaction of its cause (`core.work`), and the database itself refuses
to change or delete one (migration `append_only`). Whoever sees a world sees that world's events and no others.
"""

from typing import Annotated, Any

from fastapi import Query, Response
from sqlalchemy import Select, func, select

from app.access.deps import allowed
from app.access.principal import Principal
from app.access.queries import same
from app.access.scopes import Scope
from app.audit.schemas import AuditEntry, AuditPage, AuditQuery
from app.core.links import cursor_links
from app.core.paging import link_header
from app.core.web import Reading, new_router
from app.core.work import Event

router = new_router("/v1", "Audit")
Auditor = Annotated[Principal, allowed(Scope.AUDIT_READ, staff=True)]
BEFORE = "_before"
"""How the data of a fact names what a field held: `status_before` beside `status`."""


@router.get("/audit", operation_id="listAudit")
async def list_audit(
    response: Response, session: Reading, caller: Auditor, query: Annotated[AuditQuery, Query()]
) -> AuditPage:
    """Read the audit trail, newest first (staff).

    Every fact with who caused it, when, in which request, what it is about, and what changed from what to what.
    Nothing in it can be changed or deleted.
    """
    wanted = matching(caller, query)
    total = await session.scalar(select(func.count()).select_from(wanted.with_only_columns(Event.id).subquery())) or 0
    if query.before:
        wanted = wanted.where(Event.id < query.before)
    found = list(await session.scalars(wanted.order_by(Event.id.desc()).limit(query.limit + 1)))
    more, found = len(found) > query.limit, found[: query.limit]
    links = cursor_links("/v1/audit", query, "before", str(found[-1].id) if more else None)
    response.headers.update(link_header(links))
    return AuditPage.model_validate({"items": [_entry(event) for event in found], "total": total, "links": links})


def matching(caller: Principal, wanted: AuditQuery) -> Select[Any]:
    """The events of the caller's world that a query asks for."""
    found = select(Event).where(same(Event.world_id, caller.world_id))
    for name in ("type", "subject_type", "subject_id", "actor", "request_id", "owner_id"):
        value = getattr(wanted, name)
        if value is not None:
            found = found.where(getattr(Event, name) == value)
    if wanted.since is not None:
        found = found.where(Event.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(Event.at < wanted.until)
    return found


def _entry(event: Event) -> AuditEntry:
    kind, _, id_ = event.actor.partition(":")
    return AuditEntry.model_validate(
        {
            "id": event.id,
            "at": event.at,
            "type": event.type,
            "actor": {"kind": kind, "id": id_ or None},
            "subject": {"type": event.subject_type, "id": event.subject_id},
            "owner_id": event.owner_id,
            "request_id": event.request_id,
            "sequence": event.position,
            "changes": changes(event.data),
            "data": event.data,
        }
    )


def changes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """What changed from what to what, by field."""
    fields = sorted(name.removesuffix(BEFORE) for name in data if name.endswith(BEFORE))
    told = [{"field": field, "old": data[field + BEFORE], "new": data.get(field)} for field in fields]
    return [change for change in told if change["old"] != change["new"]]
