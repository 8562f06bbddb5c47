"""Recordings know the depth and the scale of their field, and what their file lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLES = ("recordings", "contributions")


def upgrade() -> None:
    """Add the columns; of recordings of before nothing is known."""
    for table in _TABLES:
        op.add_column(table, sa.Column("depth_mm", sa.Double()))
        op.add_column(table, sa.Column("mm_per_pixel", sa.Double()))
        op.add_column(table, sa.Column("notes", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        for column in ("notes", "mm_per_pixel", "depth_mm"):
            op.drop_column(table, column)
