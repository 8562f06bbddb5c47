"""The files of a released recording are told by their role: itself, and its frames."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = {
    "postgresql": """
        UPDATE release_items SET files = CASE WHEN json_array_length(files) > 0 THEN
            json_build_object('recording', files -> 0, 'frames', ((files::jsonb) - 0)::json) END
        WHERE json_typeof(files) = 'array'
    """,
    "sqlite": """
        UPDATE release_items SET files = CASE WHEN json_array_length(files) > 0 THEN
            json_object(
                'recording', json_extract(files, '$[0]'), 'frames', json_remove(files, '$[0]')
            ) END
        WHERE json_type(files) = 'array'
    """,
}

DOWN = {
    "postgresql": """
        UPDATE release_items SET files =
            (jsonb_build_array(files -> 'recording') || (files -> 'frames')::jsonb)::json
        WHERE json_typeof(files) = 'object'
    """,
    "sqlite": """
        UPDATE release_items SET files = (
            SELECT json_group_array(json(value)) FROM (
                SELECT json_extract(files, '$.recording') AS value, -1 AS place
                UNION ALL
                SELECT value, key FROM json_each(files, '$.frames')
                ORDER BY place
            )
        )
        WHERE json_type(files) = 'object'
    """,
}


def upgrade() -> None:
    """The first of a recording's files was itself, those after it its frames."""
    op.execute(sa.text(UP[op.get_bind().dialect.name]))


def downgrade() -> None:
    """One list, with the recording at its front."""
    op.execute(sa.text(DOWN[op.get_bind().dialect.name]))
