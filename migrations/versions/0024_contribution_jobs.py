"""The columns of a contribution's jobs, and the events of those given up, have plainer names.

The audit log is append-only: triggers refuse to change a row. They are lifted for this one change,
in its transaction, and restored as they were.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_JOBS = {"prep": "previews", "ingest": "deidentify"}
_COLUMNS = (
    "state",
    "attempt",
    "notified_at",
    "heartbeat_at",
    "lost",
    "due_at",
    "away_since",
    "error",
)
_RENAMED = {
    f"{before}_{column}": f"{after}_{column}"
    for before, after in _JOBS.items()
    for column in _COLUMNS
} | {"whole_key": "deidentified_key"}
_EVENTS = {
    "prep.given_up": "reviews.preparation_interrupted",
    "ingest.given_up": "contributions.deidentification_interrupted",
}
_NEVER_CHANGED = "rows of audit_events are never changed"


def upgrade() -> None:
    """Give the columns and the events their new names."""
    _rename_columns(_RENAMED)
    _rename_events(_EVENTS)


def downgrade() -> None:
    """Back to the names of before."""
    _rename_events(_swapped(_EVENTS))
    _rename_columns(_swapped(_RENAMED))


def _swapped(names: Mapping[str, str]) -> dict[str, str]:
    return {after: before for before, after in names.items()}


def _rename_columns(names: Mapping[str, str]) -> None:
    """Indexes and triggers on these columns follow by themselves, on both databases."""
    for before, after in names.items():
        op.execute(f"ALTER TABLE contributions RENAME COLUMN {before} TO {after}")


def _rename_events(names: Mapping[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_events_refuse_update")
        _update_events(names)
        op.execute(
            "CREATE TRIGGER audit_events_refuse_update BEFORE UPDATE ON audit_events "
            f"BEGIN SELECT RAISE(ABORT, '{_NEVER_CHANGED}'); END"
        )
        return
    op.execute("ALTER TABLE audit_events DISABLE TRIGGER audit_events_refuse_change")
    _update_events(names)
    op.execute("ALTER TABLE audit_events ENABLE TRIGGER audit_events_refuse_change")


def _update_events(names: Mapping[str, str]) -> None:
    """The feature of an event is what stands before the dot."""
    events = sa.table(
        "audit_events", sa.column("action", sa.String(50)), sa.column("feature", sa.String(50))
    )
    for before, after in names.items():
        values = {"action": after, "feature": after.partition(".")[0]}
        op.execute(events.update().where(events.c.action == before).values(values))
