"""The installation's one row: the key that all its processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the first process that starts fills it, with its data folder's key."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(500), nullable=True),
        sa.Column("key_fingerprint", sa.String(32), nullable=False),
        sa.Column("key_origin", sa.String(10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.CheckConstraint(
            "key_origin IN ('made', 'file', 'setting')", name=op.f("ck_installation_origin_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )


def downgrade() -> None:
    """Forget the key: what was hashed with it is then hashed with one that is not here."""
    op.drop_table("installation")
