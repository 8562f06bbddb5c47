"""The reviewers' queue and the search for near copies are answered by their indexes alone.

The queue has an index of sources, and those of its filters begin with the state: SQLite counted
what waits of a label or a probe by another index, which has neither. The indexes of the bands of
hashes have the hashes and their contributions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_FILTERS_OF_BEFORE = ("label", "probe", "disputed")
_FILTERS = (*_FILTERS_OF_BEFORE, "source")
_BANDS = ("first_band", "second_band", "third_band")


def upgrade() -> None:
    """Replace the indexes, and add that of sources."""
    _drop_queue(_FILTERS_OF_BEFORE)
    _create_queue(_FILTERS, "state")
    _replace_bands("hash", "contribution_id")


def downgrade() -> None:
    """Put back those of before."""
    _drop_queue(_FILTERS)
    _create_queue(_FILTERS_OF_BEFORE)
    _replace_bands()


def _create_queue(columns: tuple[str, ...], *first: str) -> None:
    pending = sa.text("state = 'pending'")
    for column in columns:
        op.create_index(
            f"ix_contributions_queue_{column}",
            "contributions",
            [*first, column, "submitted_at", "id"],
            sqlite_where=pending,
            postgresql_where=pending,
        )


def _drop_queue(columns: tuple[str, ...]) -> None:
    for column in columns:
        op.drop_index(f"ix_contributions_queue_{column}", "contributions")


def _replace_bands(*further: str) -> None:
    for band in _BANDS:
        op.drop_index(f"ix_fingerprints_{band}", "fingerprints")
        op.create_index(f"ix_fingerprints_{band}", "fingerprints", [band, *further])
