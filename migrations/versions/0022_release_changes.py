"""What has changed in a release lies beside its summary; its items have indexes for every list.

The change may name every recording: lists of releases need not read it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

UP = {
    "postgresql": """
        UPDATE releases SET diff = summary -> 'diff', summary = (
            SELECT json_object_agg(key, value ORDER BY place)
            FROM json_each(summary) WITH ORDINALITY AS fields(key, value, place)
            WHERE key <> 'diff'
        )
        WHERE json_typeof(summary -> 'diff') = 'object'
    """,
    "sqlite": """
        UPDATE releases SET
            diff = json_extract(summary, '$.diff'), summary = json_remove(summary, '$.diff')
        WHERE json_type(summary, '$.diff') = 'object'
    """,
}

DOWN = {
    "postgresql": """
        UPDATE releases SET summary = (
            SELECT json_object_agg(key, value ORDER BY place) FROM (
                SELECT key, value, place
                FROM json_each(summary) WITH ORDINALITY AS fields(key, value, place)
                UNION ALL SELECT 'diff', diff, 1000
            ) AS fields
        )
        WHERE diff IS NOT NULL
    """,
    "sqlite": """
        UPDATE releases SET summary = json_set(summary, '$.diff', json(diff))
        WHERE diff IS NOT NULL
    """,
}

INDEXES = {
    "ix_release_items_label": (["release_number", "label", "contribution_id"], None),
    "ix_release_items_probe": (["release_number", "probe", "contribution_id"], None),
    "ix_release_items_unmeasured": (
        ["release_number", "removed", "contribution_id"],
        sa.text("files IS NULL"),
    ),
}


def upgrade() -> None:
    """Move the change out of the summary, and make the indexes."""
    op.add_column("releases", sa.Column("diff", sa.JSON()))
    op.execute(sa.text(UP[op.get_bind().dialect.name]))
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "release_items", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Move it back, and drop the indexes."""
    for name in INDEXES:
        op.drop_index(name, "release_items")
    op.execute(sa.text(DOWN[op.get_bind().dialect.name]))
    op.drop_column("releases", "diff")
