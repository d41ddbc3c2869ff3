"""The database itself keeps the audit trail: events of the real world are never changed or deleted.

Only `position` may be set, once: the worker numbers events after they were written. Events of a sandbox may be deleted
with their world. A later migration that rebuilds `event` on SQLite (batch mode) must create these triggers again.

Revision: 0007, after 0006.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WRITTEN = "id, type, subject_type, subject_id, owner_id, world_id, actor, request_id, at, data"
TRIGGERS = {
    "event_is_never_changed": f"BEFORE UPDATE OF {WRITTEN} ON event",
    "event_is_numbered_once": "BEFORE UPDATE OF position ON event",
    "event_is_never_deleted": "BEFORE DELETE ON event",
}
WHEN = {"event_is_numbered_once": "OLD.position IS NOT NULL", "event_is_never_deleted": "OLD.world_id IS NULL"}


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON event EXECUTE FUNCTION refuse_event_change()"
        )
    for name, moment in TRIGGERS.items():
        when = f"WHEN ({WHEN[name]})" if name in WHEN else ""
        if postgres:
            action = "EXECUTE FUNCTION refuse_event_change()"
        else:
            action = "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        op.execute(f"CREATE TRIGGER {name} {moment} FOR EACH ROW {when} {action}")


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON event" if postgres else f"DROP TRIGGER {name}")
    if postgres:
        op.execute("DROP TRIGGER event_is_never_emptied ON event")
        op.execute("DROP FUNCTION refuse_event_change()")
