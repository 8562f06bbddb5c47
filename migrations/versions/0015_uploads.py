"""What was called an arrival is an upload."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXED = {
    "state_queued_at": ["state", "queued_at"],
    "submission_id": ["submission_id"],
    "contribution_id": ["contribution_id"],
}


def upgrade() -> None:
    """Names of constraints stay: SQLite cannot change them."""
    _rename("arrivals", "uploads", "arrival_id", "upload_id")


def downgrade() -> None:
    """Back to the names of before."""
    _rename("uploads", "arrivals", "upload_id", "arrival_id")


def _rename(old: str, new: str, old_id: str, new_id: str) -> None:
    for name in _INDEXED:
        op.drop_index(f"ix_{old}_{name}", old)
    op.rename_table(old, new)
    for name, columns in _INDEXED.items():
        op.create_index(f"ix_{new}_{name}", new, columns)
    op.execute(f"ALTER TABLE upload_pieces RENAME COLUMN {old_id} TO {new_id}")
