"""What a sandbox leaves behind is found quickly, and idempotency keys end with it. Adds a column and indexes only.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

IN_A_SANDBOX = sa.text("world_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("idempotency_key", sa.Column("world_id", sa.Uuid(), nullable=True))
    for name, table, columns in (
        ("ix_event_world", "event", ["world_id", "position"]),
        ("ix_notice_world", "notice", ["world_id"]),
    ):
        op.create_index(name, table, columns, sqlite_where=IN_A_SANDBOX, postgresql_where=IN_A_SANDBOX)


def downgrade() -> None:
    op.drop_index("ix_notice_world", "notice")
    op.drop_index("ix_event_world", "event")
    op.drop_column("idempotency_key", "world_id")
