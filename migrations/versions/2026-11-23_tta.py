"""Requests for TTA, the words of people, idempotency keys and signing keys. Adds tables only; going back drops them.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MATCH_RUNS = (
    "match_due_at IS NOT NULL AND match_met_at IS NULL AND match_breached_at IS NULL AND match_cancelled_at IS NULL"
)


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_expires_at"), "idempotency_key", ["expires_at"])

    op.create_table(
        "signing_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.String(length=80), nullable=False),
        sa.Column("public", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_key_kid")),
    )
    op.create_table(
        "tta_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("external_ref", sa.String(length=100), nullable=True),
        sa.Column("form_version", sa.String(length=24), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "confirmed",
                "in_review",
                "needs_information",
                "on_hold",
                "matched",
                "scheduled",
                "in_progress",
                "delivered",
                "closed",
                "declined",
                "referred",
                "withdrawn",
                name="status",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "paused_from",
            sa.Enum(
                "submitted",
                "confirmed",
                "in_review",
                "needs_information",
                "on_hold",
                "matched",
                "scheduled",
                "in_progress",
                "delivered",
                "closed",
                "declined",
                "referred",
                "withdrawn",
                name="status",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewed_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("match_paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agency_name", sa.String(length=200), nullable=False),
        sa.Column("agency_key", sa.String(length=240), nullable=False),
        sa.Column(
            "agency_type",
            sa.Enum(
                "municipal_police",
                "sheriff",
                "state_police",
                "campus_police",
                "tribal_police",
                "transit_or_special_district",
                "corrections_or_jail",
                "emergency_communications",
                "court_or_prosecutor",
                "behavioral_health_authority",
                "nonprofit_provider",
                "advocacy",
                "state_agency",
                "other",
                name="agencytype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("matched", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("scheduled", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("confirmation_receipt", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["assignee_id"], ["owner.id"], name=op.f("fk_tta_request_assignee_id_owner")),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_tta_request_owner_id_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tta_request")),
        sa.UniqueConstraint("owner_id", "external_ref", name=op.f("uq_tta_request_owner_id_external_ref")),
        sa.UniqueConstraint("reference", name=op.f("uq_tta_request_reference")),
    )
    op.create_index(
        "ix_tta_request_assignee",
        "tta_request",
        ["assignee_id"],
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tta_request_leased",
        "tta_request",
        ["leased_until"],
        sqlite_where=sa.text("leased_until IS NOT NULL"),
        postgresql_where=sa.text("leased_until IS NOT NULL"),
    )
    op.create_index(
        "ix_tta_request_match_due",
        "tta_request",
        ["match_due_at"],
        sqlite_where=sa.text(MATCH_RUNS),
        postgresql_where=sa.text(MATCH_RUNS),
    )
    op.create_index(
        "ix_tta_request_next_step",
        "tta_request",
        ["next_step_at"],
        sqlite_where=sa.text("next_step_at IS NOT NULL"),
        postgresql_where=sa.text("next_step_at IS NOT NULL"),
    )
    op.create_index("ix_tta_request_own", "tta_request", ["owner_id", "due_at", "id"])
    op.create_index("ix_tta_request_queue", "tta_request", ["world_id", "due_at", "id"])
    op.create_index("ix_tta_request_status", "tta_request", ["world_id", "status", "due_at", "id"])

    op.create_table(
        "tta_contact",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("said", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["tta_request.id"], name=op.f("fk_tta_contact_request_id_tta_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_tta_contact")),
    )
    op.create_table(
        "tta_escalation",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fell_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["tta_request.id"],
            name=op.f("fk_tta_escalation_request_id_tta_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "step", name=op.f("pk_tta_escalation")),
    )
    op.create_table(
        "tta_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Enum("requester", "staff", name="by", native_enum=False, length=32), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("words", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["tta_request.id"], name=op.f("fk_tta_message_request_id_tta_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tta_message")),
    )
    op.create_index("ix_tta_message_request", "tta_message", ["request_id", "at", "id"])

    op.create_table(
        "tta_request_topic",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["tta_request.id"],
            name=op.f("fk_tta_request_topic_request_id_tta_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "topic", name=op.f("pk_tta_request_topic")),
    )
    op.create_table(
        "tta_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("world_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind", sa.Enum("apologise", "find_match", name="taskkind", native_enum=False, length=32), nullable=False
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["done_by_id"], ["owner.id"], name=op.f("fk_tta_task_done_by_id_owner")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["tta_request.id"], name=op.f("fk_tta_task_request_id_tta_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tta_task")),
        sa.UniqueConstraint("request_id", "kind", name=op.f("uq_tta_task_request_id_kind")),
    )
    op.create_index(
        "ix_tta_task_open",
        "tta_task",
        ["opened_at"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("tta_task")
    op.drop_table("tta_request_topic")
    op.drop_table("tta_message")
    op.drop_table("tta_escalation")
    op.drop_table("tta_contact")
    op.drop_table("tta_request")
    op.drop_table("signing_key")
    op.drop_table("idempotency_key")
