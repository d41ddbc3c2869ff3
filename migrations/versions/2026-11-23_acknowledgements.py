"""Whether confirmations were heard. Adds a table only; what was confirmed before is not waited for.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WAITING = sa.text("next_look_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "tta_acknowledgement",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letter_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("desk_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "acknowledged_by", sa.Enum("requester", "staff", name="by", native_enum=False, length=32), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["tta_request.id"],
            name=op.f("fk_tta_acknowledgement_request_id_tta_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_tta_acknowledgement")),
    )
    op.create_index(
        "ix_tta_acknowledgement_next_look",
        "tta_acknowledgement",
        ["next_look_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    op.drop_table("tta_acknowledgement")
