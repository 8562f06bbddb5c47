"""Copies within a release, and recordings that are left out since their group is in two folds."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of copies in what was released; what is there was trained on."""
    op.add_column("release_items", sa.Column("copies", sa.JSON()))
    op.add_column(
        "release_items",
        sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "trainings", sa.Column("left_out", sa.JSON(), nullable=False, server_default="[]")
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_column("trainings", "left_out")
    op.drop_column("release_items", "left_out")
    op.drop_column("release_items", "copies")
