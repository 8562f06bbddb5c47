"""Every list of submissions, uploads, trainings and the audit log has an index in its order.

So has what maintenance and the workers look for. Events of the audit log name their feature, by
which they are filtered; the log is append-only: the triggers that refuse to change a row are lifted
for this one change, in its transaction, and restored as they were.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NEVER_CHANGED = "rows of audit_events are never changed"

REPLACED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("audit_events", ("action",)),
    ("audit_events", ("actor_id",)),
    ("audit_events", ("at",)),
    ("audit_events", ("subject_kind", "subject_id")),
    ("contributions", ("submission_id",)),
    ("recordings", ("expires_at",)),
    ("submissions", ("contributor_id",)),
    ("submissions", ("submitted_at",)),
    ("submissions", ("touched_at",)),
    ("uploads", ("submission_id",)),
)
"""The table and the columns of indexes of before."""

ADDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("audit_events", ("at", "id")),
    ("audit_events", ("action", "at", "id")),
    ("audit_events", ("actor_id", "at", "id")),
    ("audit_events", ("feature", "at", "id")),
    ("audit_events", ("subject_id", "at", "id")),
    ("contributions", ("submission_id", "created_at", "id")),
    ("password_resets", ("expires_at",)),
    ("sign_ins", ("seen_at",)),
    ("submissions", ("contributor_id", "created_at", "id")),
    ("training_folds", ("state",)),
    ("trainings", ("created_at", "id")),
    ("trainings", ("state",)),
    ("uploads", ("submission_id", "created_at", "id")),
    ("users", ("role",)),
)
"""The same of the new ones."""

PARTIAL = (
    ("ix_recordings_pixels_expires_at", "recordings", "expires_at", "pixels_deleted_at IS NULL"),
    ("ix_submissions_drafts_touched_at", "submissions", "touched_at", "submitted_at IS NULL"),
)
"""New ones of a part of the rows: name, table, column and condition."""


def upgrade() -> None:
    """Fill in the feature, and replace the indexes."""
    op.add_column(
        "audit_events", sa.Column("feature", sa.String(50), nullable=False, server_default="")
    )
    for table, columns in REPLACED:
        op.drop_index(_name(table, columns), table)
    _fill_feature()
    for table, columns in ADDED:
        op.create_index(_name(table, columns), table, list(columns))
    for name, table, column, condition in PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Put the old indexes back, and forget the feature."""
    for name, table, _, _ in PARTIAL:
        op.drop_index(name, table)
    for table, columns in ADDED:
        op.drop_index(_name(table, columns), table)
    for table, columns in REPLACED:
        op.create_index(_name(table, columns), table, list(columns))
    op.drop_column("audit_events", "feature")


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")


def _fill_feature() -> None:
    """The part of the action before its dot."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_events_refuse_update")
        op.execute(
            "UPDATE audit_events SET feature = substr(action, 1, instr(action || '.', '.') - 1)"
        )
        op.execute(
            "CREATE TRIGGER audit_events_refuse_update BEFORE UPDATE ON audit_events "
            f"BEGIN SELECT RAISE(ABORT, '{_NEVER_CHANGED}'); END"
        )
        return
    op.execute("ALTER TABLE audit_events DISABLE TRIGGER audit_events_refuse_change")
    op.execute("UPDATE audit_events SET feature = split_part(action, '.', 1)")
    op.execute("ALTER TABLE audit_events ENABLE TRIGGER audit_events_refuse_change")
