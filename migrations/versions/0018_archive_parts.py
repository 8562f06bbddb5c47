"""The archive of a release is measured in parts, and a release knows what was removed from it.

A trigger keeps `release_items.removed` and `releases.removals` in step with the contributions'
states. Parts of releases of before are measured by the worker's maintenance.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# The releases first, in their order: a worker that notes an item locks its release before the item.
TRIGGERS = {
    "sqlite": """
        CREATE TRIGGER contributions_note_removal AFTER UPDATE OF state ON contributions
        WHEN (OLD.state IN ('withdrawn', 'rejected')) <> (NEW.state IN ('withdrawn', 'rejected'))
        BEGIN
            UPDATE releases SET removals = removals + 1 WHERE number IN (
                SELECT release_number FROM release_items WHERE contribution_id = NEW.id
            );
            UPDATE release_items SET removed = NEW.state IN ('withdrawn', 'rejected')
                WHERE contribution_id = NEW.id;
        END
    """,
    "postgresql": """
        CREATE FUNCTION contributions_note_removal() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE releases SET removals = removals + 1 WHERE number IN (
                SELECT number FROM releases WHERE number IN (
                    SELECT release_number FROM release_items WHERE contribution_id = NEW.id
                ) ORDER BY number FOR UPDATE
            );
            UPDATE release_items SET removed = NEW.state IN ('withdrawn', 'rejected')
                WHERE contribution_id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER contributions_note_removal AFTER UPDATE OF state ON contributions
        FOR EACH ROW
        WHEN ((OLD.state IN ('withdrawn', 'rejected')) <> (NEW.state IN ('withdrawn', 'rejected')))
        EXECUTE FUNCTION contributions_note_removal();
    """,
}


def upgrade() -> None:
    """Add the columns, the table, the trigger and the index."""
    op.add_column(
        "releases", sa.Column("removals", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("releases", sa.Column("measured_removals", sa.Integer()))
    op.add_column(
        "release_items",
        sa.Column("removed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE release_items SET removed = true WHERE contribution_id IN "
        "(SELECT id FROM contributions WHERE state IN ('withdrawn', 'rejected'))"
    )
    op.create_index(
        "ix_release_items_removed",
        "release_items",
        ["release_number", "contribution_id"],
        sqlite_where=sa.text("removed = 1"),
        postgresql_where=sa.text("removed"),
    )
    op.create_table(
        "archive_parts",
        sa.Column("release_number", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("directory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("withdrawn", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_number"],
            ["releases.number"],
            name=op.f("fk_archive_parts_release_number_releases"),
        ),
        sa.PrimaryKeyConstraint("release_number", "first_id", name=op.f("pk_archive_parts")),
    )
    op.execute(TRIGGERS[op.get_bind().dialect.name])


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER contributions_note_removal")
    else:
        op.execute("DROP TRIGGER contributions_note_removal ON contributions")
        op.execute("DROP FUNCTION contributions_note_removal")
    op.drop_table("archive_parts")
    op.drop_index("ix_release_items_removed", "release_items")
    op.drop_column("release_items", "removed")
    op.drop_column("releases", "measured_removals")
    op.drop_column("releases", "removals")
