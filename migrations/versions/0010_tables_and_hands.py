"""What a person and what a table said of a draft's recordings; names with long folders."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FIELDS = (
    "label", "probe", "licence", "source", "patient_hash", "age_band", "sex", "blue_point",
    "findings", "symptoms", "note",
)  # fmt: skip


def upgrade() -> None:
    """Of the drafts that are there everything counts as set by hand, so that it stays."""
    # One by one: SQLite changes a table by making it anew, which its children's keys forbid.
    for name in ("set_by_hand", "set_by_table", "withheld"):
        op.add_column(
            "contributions", sa.Column(name, sa.JSON(), nullable=False, server_default="[]")
        )
    op.add_column("contributions", sa.Column("table_digest", sa.String(64), nullable=True))
    _change_length(255, 1024)
    several = ("findings", "symptoms")
    rows = sa.table(
        "contributions",
        sa.column("id", sa.Uuid()),
        sa.column("state", sa.String()),
        sa.column("set_by_hand", sa.JSON()),
        *(sa.column(name, sa.JSON() if name in several else sa.String()) for name in _FIELDS),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows).where(rows.c.state == "draft")).all():
        by_hand = [name for name in sorted(_FIELDS) if getattr(row, name)]
        connection.execute(sa.update(rows).where(rows.c.id == row.id).values(set_by_hand=by_hand))


def downgrade() -> None:
    """Forget who said what; names lose their first folders where they are too long."""
    for name in ("contributions", "arrivals"):
        rows = sa.table(name, sa.column("file_name", sa.String()))
        length = sa.func.length(rows.c.file_name)
        kept = sa.func.substr(rows.c.file_name, length - 254)
        op.execute(sa.update(rows).where(length > 255).values(file_name=kept))
    _change_length(1024, 255)
    for name in ("table_digest", "withheld", "set_by_table", "set_by_hand"):
        op.drop_column("contributions", name)


def _change_length(before: int, after: int) -> None:
    """SQLite does not hold a text to its length, so that there is nothing to change."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for name in ("contributions", "arrivals"):
        op.alter_column(
            name,
            "file_name",
            existing_type=sa.String(before),
            type_=sa.String(after),
            existing_nullable=False,
        )
