"""Find letters of sandboxes without reading a backlog of others. Adds an index only.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.text("status = 'queued' AND world_id IS NOT NULL")
    op.create_index("ix_notice_sandbox", "notice", ["id"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    op.drop_index("ix_notice_sandbox", "notice")
