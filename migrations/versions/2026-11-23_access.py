"""Owners, their keys, and the worlds of sandboxes. Adds tables only.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "world",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_world")),
    )
    op.create_index(op.f("ix_world_expires_at"), "world", ["expires_at"])
    op.create_table(
        "owner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("partner", "staff", name="role", native_enum=False, length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["world_id"], ["world.id"], name=op.f("fk_owner_world_id_world")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
    )
    op.create_index("ix_owner_name", "owner", ["kind", "name"])
    op.create_index(op.f("ix_owner_world_id"), "owner", ["world_id"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_api_key_owner_id_owner")),
        sa.ForeignKeyConstraint(["replaced_by_id"], ["api_key.id"], name=op.f("fk_api_key_replaced_by_id_api_key")),
        sa.ForeignKeyConstraint(["world_id"], ["world.id"], name=op.f("fk_api_key_world_id_world")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
    )
    op.create_index(op.f("ix_api_key_owner_id"), "api_key", ["owner_id"])
    op.create_index(op.f("ix_api_key_world_id"), "api_key", ["world_id"])


def downgrade() -> None:
    op.drop_table("api_key")
    op.drop_table("owner")
    op.drop_table("world")
