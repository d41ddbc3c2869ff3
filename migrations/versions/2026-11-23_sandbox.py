"""The inbox of sandboxes. Adds a table only.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sandbox_inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_sandbox_inbox_endpoint_id_webhook_endpoint")
        ),
        sa.ForeignKeyConstraint(["world_id"], ["world.id"], name=op.f("fk_sandbox_inbox_world_id_world")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_inbox")),
    )
    op.create_index("ix_sandbox_inbox_world", "sandbox_inbox", ["world_id", "id"])


def downgrade() -> None:
    op.drop_table("sandbox_inbox")
