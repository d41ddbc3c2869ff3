"""Contact submissions, who sent them, and their attachments. Adds tables only.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def words(name: str, *values: str) -> sa.Enum:
    """An enumeration kept as text."""
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def upgrade() -> None:
    op.create_table(
        "contact_submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("kind", words("kind", "question", "policy", "training_material"), nullable=False),
        sa.Column(
            "status",
            words(
                "status",
                "received",
                "under_review",
                "answered",
                "accepted",
                "returned",
                "declined",
                "closed",
                "withdrawn",
            ),
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=80), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_contact_submission_owner_id_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_submission")),
        sa.UniqueConstraint("reference", name=op.f("uq_contact_submission_reference")),
    )
    op.create_index("ix_contact_submission_list", "contact_submission", ["world_id", "received_at", "id"])
    op.create_index("ix_contact_submission_own", "contact_submission", ["owner_id", "received_at", "id"])
    op.create_table(
        "contact_person",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("agency", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["contact_submission.id"],
            name=op.f("fk_contact_person_submission_id_contact_submission"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_contact_person")),
    )
    op.create_table(
        "contact_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(length=150), nullable=False),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=True),
        sa.Column("status", words("attachmentstatus", "awaited", "stored"), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["contact_submission.id"],
            name=op.f("fk_contact_attachment_submission_id_contact_submission"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attachment")),
    )
    op.create_index("ix_contact_attachment_submission", "contact_attachment", ["submission_id"])


def downgrade() -> None:
    op.drop_table("contact_attachment")
    op.drop_table("contact_person")
    op.drop_table("contact_submission")
