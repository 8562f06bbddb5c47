"""The columns of every table of jobs get the same names, and say the same of what is empty."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_WITHOUT_NULL = ("screenings", "releases", "trainings", "training_folds")
_CONTRIBUTIONS = ("prep", "ingest")
_SCREENINGS = ("queued_at", "finished_at")


def upgrade() -> None:
    """What was `nudged_at` is `notified_at`; a screening's `status` is its `state`."""
    for table in _WITHOUT_NULL:
        _move(table, "nudged_at", "notified_at")
    _rename("arrivals", "nudged_at", "notified_at")
    for job in _CONTRIBUTIONS:
        op.drop_index(f"ix_contributions_{job}_state_{job}_queued_at", "contributions")
        _rename("contributions", f"{job}_queued_at", f"{job}_notified_at")
        op.create_index(
            f"ix_contributions_{job}_state_{job}_notified_at",
            "contributions",
            [f"{job}_state", f"{job}_notified_at"],
        )
    _rename_state("status", "state")


def downgrade() -> None:
    """Back to the names of before."""
    _rename_state("state", "status")
    for job in _CONTRIBUTIONS:
        op.drop_index(f"ix_contributions_{job}_state_{job}_notified_at", "contributions")
        _rename("contributions", f"{job}_notified_at", f"{job}_queued_at")
        op.create_index(
            f"ix_contributions_{job}_state_{job}_queued_at",
            "contributions",
            [f"{job}_state", f"{job}_queued_at"],
        )
    _rename("arrivals", "notified_at", "nudged_at")
    for table in _WITHOUT_NULL:
        _move(table, "notified_at", "nudged_at")
        if op.get_bind().dialect.name != "sqlite":
            column = sa.column("nudged_at", _MOMENT)
            empty = sa.update(sa.table(table, column)).where(column.is_(None))
            op.execute(empty.values(nudged_at=sa.func.now()))
            op.alter_column(table, "nudged_at", existing_type=_MOMENT, nullable=False)


def _move(table: str, old: str, new: str) -> None:
    """To a column that may be empty: SQLite cannot change that of one which is there."""
    op.add_column(table, sa.Column(new, _MOMENT, nullable=True))
    rows = sa.table(table, sa.column(old), sa.column(new))
    op.execute(sa.update(rows).values({new: rows.c[old]}))
    op.drop_column(table, old)


def _rename(table: str, old: str, new: str) -> None:
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _rename_state(old: str, new: str) -> None:
    for column in _SCREENINGS:
        op.drop_index(f"ix_screenings_{old}_{column}", "screenings")
    _rename("screenings", old, new)
    for column in _SCREENINGS:
        op.create_index(f"ix_screenings_{new}_{column}", "screenings", [new, column])
    if op.get_bind().dialect.name != "sqlite":  # where names of constraints cannot be changed
        op.execute(
            f"ALTER TABLE screenings RENAME CONSTRAINT ck_screenings_{old}_known"
            f" TO ck_screenings_{new}_known"
        )
