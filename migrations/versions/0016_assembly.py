"""The last stage of a training has the columns of a lease, as every job has."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_COLUMNS = ("attempt", "lost", "due_at", "away_since", "notified_at", "heartbeat_at")


def upgrade() -> None:
    """Who was at work on one is found by its heartbeat."""
    for name in _COLUMNS:
        op.execute(f"ALTER TABLE trainings RENAME COLUMN {name} TO assembly_{name}")
    op.add_column(
        "trainings",
        sa.Column("assembly_state", sa.String(10), nullable=False, server_default="queued"),
    )
    rows = sa.table(
        "trainings",
        sa.column("state", sa.String()),
        sa.column("assembly_state", sa.String()),
        sa.column("assembly_heartbeat_at", sa.DateTime()),
    )
    op.execute(sa.update(rows).where(rows.c.state == "done").values(assembly_state="done"))
    at_work = sa.and_(rows.c.state == "running", rows.c.assembly_heartbeat_at.is_not(None))
    op.execute(sa.update(rows).where(at_work).values(assembly_state="running"))


def downgrade() -> None:
    """Back to the names of before."""
    op.drop_column("trainings", "assembly_state")
    for name in _COLUMNS:
        op.execute(f"ALTER TABLE trainings RENAME COLUMN assembly_{name} TO {name}")
