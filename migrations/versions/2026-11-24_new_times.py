"""The new time for a match has a place of its own, and every new time is looked at when it comes. Adds a column.

The times that were named before are looked at too: those that have passed are told once, when the worker comes round.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tta_request", sa.Column("match_renewed_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE tta_request SET next_step_at = renewed_due_at"
        " WHERE renewed_due_at IS NOT NULL AND met_at IS NULL AND cancelled_at IS NULL"
    )


def downgrade() -> None:
    # Before, it was for steps of the confirmation alone: of one that is still waited for, and has steps to come.
    op.execute(
        "UPDATE tta_request SET next_step_at = NULL WHERE told = 100 OR met_at IS NOT NULL OR cancelled_at IS NOT NULL"
    )
    op.drop_column("tta_request", "match_renewed_due_at")
