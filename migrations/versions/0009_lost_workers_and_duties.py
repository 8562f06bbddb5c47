"""Attempts only grow, so losses have a count of their own; what waits for something; duties."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_JOBS = {
    "screenings": ("",),
    "arrivals": ("",),
    "releases": ("",),
    "trainings": ("",),
    "training_folds": ("",),
    "contributions": ("prep_", "ingest_"),
}


def upgrade() -> None:
    """Add the columns and tables. Until now an attempt that was not lost was taken back."""
    for table, prefixes in _JOBS.items():
        if table != "contributions":
            op.add_column(
                table, sa.Column("lost", sa.Integer(), nullable=False, server_default="0")
            )
        for prefix in prefixes:
            for name in ("due_at", "away_since"):
                moment = sa.Column(f"{prefix}{name}", sa.DateTime(timezone=True), nullable=True)
                op.add_column(table, moment)
    # Of what is not ended every attempt was one that a worker lost, but for the one under way.
    for table, waits, runs in (
        ("screenings", "status = 'queued'", "status = 'running'"),
        ("arrivals", "state = 'queued'", "state = 'running'"),
        ("releases", "state = 'queued'", "state = 'running'"),
        ("training_folds", "state = 'queued'", "state = 'running'"),
        ("trainings", "heartbeat_at IS NULL", "heartbeat_at IS NOT NULL"),
    ):
        op.execute(f"UPDATE {table} SET lost = attempt WHERE {waits}")  # noqa: S608  # our own names
        op.execute(f"UPDATE {table} SET lost = attempt - 1 WHERE {runs} AND attempt > 0")  # noqa: S608
    op.add_column(
        "workers",
        sa.Column("kind", sa.String(length=10), nullable=False, server_default="worker"),
    )
    for name in ("taken_at", "idle_since"):
        op.add_column("workers", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "duties",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_duties"),
    )
    op.create_table(
        "postponements",
        sa.Column("duty", sa.String(length=50), nullable=False),
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("duty", "subject", name="pk_postponements"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("postponements")
    op.drop_table("duties")
    for name in ("kind", "taken_at", "idle_since"):
        op.drop_column("workers", name)
    for table, prefixes in _JOBS.items():
        if table != "contributions":
            op.drop_column(table, "lost")
        for prefix in prefixes:
            for name in ("due_at", "away_since"):
                op.drop_column(table, f"{prefix}{name}")
