"""What time alone makes due, as columns: where a task of the worker looks, and which rows count there.

The sweep finds its work by these, and a sandbox's clock its stops; so neither can know of something the other does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from app.tta.acknowledgement import Acknowledgement
from app.tta.models import TTARequest

R, A = TTARequest, Acknowledgement


@dataclass(frozen=True, slots=True)
class Look:
    """One column of instants."""

    at: Any
    world: Any
    request: Any
    """The column that says which request it is about."""
    counts: ColumnElement[bool]
    """The rows in which the instant still means something."""

    def before(self, now: datetime) -> ColumnElement[bool]:
        """The rows that are due."""
        return and_(self.at < now, self.counts)

    def requests(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """The requests that such rows are about."""
        return condition if self.request is R.id else R.id.in_(select(self.request).where(condition))


MATCH_RUNS = and_(
    R.match_met_at.is_(None), R.match_breached_at.is_(None), R.match_cancelled_at.is_(None), R.match_paused_at.is_(None)
)
LOOKS: Mapping[str, Look] = MappingProxyType({
    "tell_steps": Look(R.next_step_at, R.world_id, R.id, R.next_step_at.is_not(None)),
    "tell_matches": Look(R.match_due_at, R.world_id, R.id, MATCH_RUNS),
    "end_leases": Look(R.leased_until, R.world_id, R.id, R.leased_until.is_not(None)),
    "seek_acknowledgements": Look(A.next_look_at, A.world_id, A.request_id, A.next_look_at.is_not(None)),
})  # fmt: skip
"""By the name of the worker's task."""
