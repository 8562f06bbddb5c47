"""Files on their way into a submission lie in pieces in the storage, not in one host's folder."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. What was half sent until now lies on one host: it is sent from the start."""
    op.create_table(
        "upload_pieces",
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"],
            ["arrivals.id"],
            name=op.f("fk_upload_pieces_arrival_id_arrivals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("arrival_id", "start", name=op.f("pk_upload_pieces")),
        sa.UniqueConstraint("key", name=op.f("uq_upload_pieces_key")),
    )
    op.execute("UPDATE arrivals SET received = 0 WHERE state = 'receiving'")


def downgrade() -> None:
    """Forget where they are; the sweep finds the bytes."""
    op.drop_table("upload_pieces")
