"""Who am I, and who may do what."""

from fastapi import Request

from app.access.deps import Caller, Now
from app.access.matrix import rows
from app.access.policies import policies_of
from app.access.schemas import MatrixOut, Mode, WhoAmI
from app.core.web import new_router

router = new_router("/v1", "Keys")


@router.get("/whoami", operation_id="getWhoAmI")
async def get_who_am_i(request: Request, caller: Caller, now: Now) -> WhoAmI:
    """Tell who you are.

    And what your key allows, and which limits you live under.

    Works without a key too.
    """
    policies = policies_of(caller.kind, request.app.state.policies)
    key = {
        "id": caller.key_id,
        "prefix": caller.prefix,
        "expires_at": caller.expires_at,
        "href": f"/v1/keys/{caller.key_id}",
    }
    return WhoAmI.model_validate(
        {
            "kind": caller.kind,
            "name": caller.name,
            "owner_id": caller.owner_id,
            "key": None if caller.anonymous else key,
            "scopes": sorted(caller.scopes),
            "limits": [
                {"name": p.name, "quota": p.quota, "window_seconds": p.window, "per": p.per, "applies_to": p.meaning}
                for p in policies
            ],
            "mode": Mode.REAL if caller.world_id is None else Mode.SANDBOX,
            "now": now,
        }
    )


@router.get("/access-matrix", operation_id="getAccessMatrix")
async def get_access_matrix(request: Request) -> MatrixOut:
    """Show who may do what to whose things.

    Every operation, for every kind of caller.

    Read from the operations themselves, so it says what the server does.
    """
    return MatrixOut.model_validate({"items": rows(request.app.routes)})
