"""A release knows the size and the ETag of its archive, as its parts were measured last.

The worker's maintenance fills them in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.add_column("releases", sa.Column("measured_bytes", sa.BigInteger()))
    op.add_column("releases", sa.Column("measured_etag", sa.String(40)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("releases", "measured_etag")
    op.drop_column("releases", "measured_bytes")
