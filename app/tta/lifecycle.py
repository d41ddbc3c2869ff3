"""The life of a request, told: as data for programs, as a diagram for people. Made from the table, never beside it."""

from typing import Any

from app.tta.sla import PROMISES
from app.tta.states import DESK, ENDS, REASONS, STEPS, TABLE, Status, Step


def leads_to(row: Step) -> list[Status]:
    """Where a step may lead; a way back leads to whatever its pause can be entered from."""
    if row.after is not None:
        return [row.after]
    return [status for status in Status if any(STEPS.get((status, r.action)) and r.after in row.before for r in TABLE)]


def mermaid() -> str:
    """The table as a state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.SUBMITTED}"]
    lines += [
        f"    {before} --> {after} : {row.action}" for row in TABLE for before in row.before for after in leads_to(row)
    ]
    lines += [f"    {end} --> [*]" for end in Status if end in ENDS]
    return "\n".join(lines) + "\n"


def lifecycle() -> dict[str, Any]:
    """The table as it is published."""
    return {
        "statuses": list(Status),
        "starts_in": Status.SUBMITTED,
        "ends_in": [status for status in Status if status in ENDS],
        "steps": [
            {
                "action": row.action,
                "before": list(row.before),
                "after": leads_to(row),
                "by": sorted(row.by),
                "fact": row.fact,
                "letter": row.letter,
                "reasons": list(REASONS[row.action]),
            }
            for row in TABLE
        ],
        "desk_actions": list(DESK),
        "promises": [
            {
                "name": promise.name,
                "within_seconds": int(promise.within.total_seconds()),
                "pauses": promise.pauses,
                "description": promise.told,
            }
            for promise in PROMISES.values()
        ],
        "mermaid": mermaid(),
    }
