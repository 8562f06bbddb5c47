"""Events in the audit log have plainer names.

The log is append-only: triggers refuse to change a row. They are lifted for this one change, in its
transaction, and restored as they were.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAMES = {
    "accounts.reset_asked": "accounts.reset_requested",
    "checks.mended": "checks.fixed",
    "contributions.added": "contributions.created",
    "dataset.bytes_deleted": "contributions.bytes_deleted",
    "dataset.ingested": "contributions.deidentified",
    "dataset.ingested_not": "contributions.deidentification_failed",
    "releases.asked": "releases.requested",
    "releases.done": "releases.published",
    "reviews.given": "reviews.submitted",
    "reviews.given_back": "reviews.claim_released",
    "reviews.prepared_not": "reviews.preparation_failed",
    "tokens.made": "tokens.created",
    "trainings.done": "trainings.completed",
}
"""The new name of every event that gets one."""

_NEVER_CHANGED = "rows of audit_events are never changed"

_EVENTS = sa.table("audit_events", sa.column("action", sa.String(50)))


def upgrade() -> None:
    """Give events their new names."""
    _rename(NAMES)


def downgrade() -> None:
    """Give events their old names back."""
    _rename({new: old for old, new in NAMES.items()})


def _rename(names: Mapping[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_events_refuse_update")
        _update(names)
        op.execute(
            "CREATE TRIGGER audit_events_refuse_update BEFORE UPDATE ON audit_events "
            f"BEGIN SELECT RAISE(ABORT, '{_NEVER_CHANGED}'); END"
        )
        return
    op.execute("ALTER TABLE audit_events DISABLE TRIGGER audit_events_refuse_change")
    _update(names)
    op.execute("ALTER TABLE audit_events ENABLE TRIGGER audit_events_refuse_change")


def _update(names: Mapping[str, str]) -> None:
    for before, after in names.items():
        op.execute(_EVENTS.update().where(_EVENTS.c.action == before).values(action=after))
