"""Indexes for the reviewers' queue, their verdicts, and the maintenance of contributions.

A review knows whether its round has ended, so that the queue's length need not look at all of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

REPLACED = {
    "ix_contributions_state_submitted_at": ("contributions", ["state", "submitted_at"]),
    "ix_contributions_prep_state_prep_notified_at": (
        "contributions",
        ["prep_state", "prep_notified_at"],
    ),
    "ix_contributions_ingest_state_ingest_notified_at": (
        "contributions",
        ["ingest_state", "ingest_notified_at"],
    ),
    "ix_reviews_reviewer_id": ("reviews", ["reviewer_id"]),
}
"""Indexes of before, with their columns."""

_PENDING = "state = 'pending'"
_ENDED_WITH_BYTES = (
    "state IN ('withdrawn', 'rejected') AND (original_key IS NOT NULL OR preview_key IS NOT NULL "
    "OR whole_key IS NOT NULL OR pixels_key IS NOT NULL OR cine IS NOT NULL)"
)
_DEIDENTIFIED_WITH_BYTES = (
    "state = 'approved' AND ingest_state = 'done' AND (original_key IS NOT NULL "
    "OR cine IS NOT NULL OR prep_state IN ('queued', 'running'))"
)

ADDED = {
    "ix_contributions_state_submitted_at": (
        "contributions",
        ["state", "submitted_at", "id"],
        None,
    ),
    "ix_contributions_queue_label": ("contributions", ["label", "submitted_at", "id"], _PENDING),
    "ix_contributions_queue_probe": ("contributions", ["probe", "submitted_at", "id"], _PENDING),
    "ix_contributions_queue_disputed": (
        "contributions",
        ["disputed", "submitted_at", "id"],
        _PENDING,
    ),
    "ix_contributions_claimed_by": ("contributions", ["claimed_by"], "claimed_by IS NOT NULL"),
    "ix_contributions_previews": (
        "contributions",
        ["prep_state", "state", "submitted_at", "id"],
        None,
    ),
    "ix_contributions_deidentification": (
        "contributions",
        ["ingest_state", "decided_at", "id"],
        "final_label IS NOT NULL",
    ),
    "ix_contributions_ended_with_bytes": (
        "contributions",
        ["state", "decided_at"],
        _ENDED_WITH_BYTES,
    ),
    "ix_contributions_deidentified_with_bytes": (
        "contributions",
        ["state", "decided_at"],
        _DEIDENTIFIED_WITH_BYTES,
    ),
    "ix_reviews_reviewer_id_created_at": ("reviews", ["reviewer_id", "created_at", "id"], None),
    "ix_reviews_undone_at": ("reviews", ["undone_at"], "undone_at IS NOT NULL"),
}
"""The new ones, with their columns and the rows that they hold."""

_OPEN_NAME = "ix_reviews_open"
_OPEN_COLUMNS = ["reviewer_id", "is_open", "undone_at", "contribution_id", "round"]


def upgrade() -> None:
    """Replace the indexes, and note which reviews belong to a round that has not ended."""
    op.add_column(
        "reviews", sa.Column("is_open", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.execute(
        "UPDATE reviews SET is_open = false WHERE NOT EXISTS (SELECT 1 FROM contributions "
        "WHERE contributions.id = reviews.contribution_id AND contributions.state = 'pending' "
        "AND contributions.review_round = reviews.round)"
    )
    op.create_index(
        _OPEN_NAME,
        "reviews",
        _OPEN_COLUMNS,
        sqlite_where=sa.text("is_open = 1 AND undone_at IS NULL"),
        postgresql_where=sa.text("is_open AND undone_at IS NULL"),
    )
    for name, (table, _) in REPLACED.items():
        op.drop_index(name, table)
    for name, (table, columns, condition) in ADDED.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Put the old ones back."""
    for name, (table, _, _) in ADDED.items():
        op.drop_index(name, table)
    for name, (table, columns) in REPLACED.items():
        op.create_index(name, table, columns)
    op.drop_index(_OPEN_NAME, "reviews")
    op.drop_column("reviews", "is_open")
