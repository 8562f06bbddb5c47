"""Contributions know where text is burned into their pictures, and what their header filled."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Nobody has looked for text in what is there: its boxes are null."""
    op.add_column("contributions", sa.Column("text_boxes", sa.JSON()))
    op.add_column(
        "contributions", sa.Column("set_by_file", sa.JSON(), nullable=False, server_default="[]")
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("set_by_file", "text_boxes"):
        op.drop_column("contributions", name)
