"""Read the queue by indexes of the real world and of sandboxes apart, and count it from one. Changes indexes only.

Revision: 0014, after 0013. While it runs on PostgreSQL, writes to `tta_request` wait.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

REAL, SANDBOXES = sa.text("world_id IS NULL"), sa.text("world_id IS NOT NULL")
BEFORE = {
    "ix_tta_request_queue": ["world_id", "due_at", "id"],
    "ix_tta_request_status": ["world_id", "status", "due_at", "id"],
}
AFTER = {
    "ix_tta_request_queue": (["due_at", "id"], REAL),
    "ix_tta_request_status": (["status", "due_at", "id"], REAL),
    "ix_tta_request_count": (["status", "state", "assignee_id"], REAL),
    "ix_tta_request_world": (["world_id", "due_at", "id"], SANDBOXES),
}


def upgrade() -> None:
    # Databases that were made between two releases may have some of them already.
    for name in AFTER:
        op.drop_index(name, "tta_request", if_exists=True)
    for name, (columns, where) in AFTER.items():
        op.create_index(name, "tta_request", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in AFTER:
        op.drop_index(name, "tta_request")
    for name, columns in BEFORE.items():
        op.create_index(name, "tta_request", columns)
