"""Who asked for a screening, so that nobody waits behind all of somebody else's."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the client; the screenings of before belong to one that nobody is."""
    op.add_column(
        "screenings", sa.Column("client", sa.String(length=32), nullable=False, server_default="")
    )
    op.create_index("ix_screenings_client_claimed_at", "screenings", ["client", "claimed_at"])


def downgrade() -> None:
    """Forget the client."""
    op.drop_index("ix_screenings_client_claimed_at", table_name="screenings")
    op.drop_column("screenings", "client")
