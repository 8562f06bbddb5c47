"""Screenings know their probe and who asked for an answer anyway; contributions how far the models
agree, by which the queue of reviews can be ordered.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_QUEUES = {
    "ix_contributions_queue_models": "models_agreement",
    "ix_contributions_queue_signs": "signs_agreement",
}


def upgrade() -> None:
    """Add the columns and indexes, and see how far the models agreed on what they have answered."""
    op.add_column(
        "screenings",
        sa.Column("probe", sa.String(10), nullable=False, server_default="convex"),
    )
    op.add_column("screenings", sa.Column("answered_anyway_at", sa.DateTime(timezone=True)))
    op.add_column("screenings", sa.Column("answered_anyway_by", sa.Uuid()))
    for name in _QUEUES.values():
        op.add_column(
            "contributions", sa.Column(name, sa.Double(), nullable=False, server_default="1")
        )
    _fill_agreements()
    for index, name in _QUEUES.items():
        op.create_index(
            index,
            "contributions",
            ["state", name, "submitted_at", "id"],
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )


def downgrade() -> None:
    """Drop them."""
    for index, name in _QUEUES.items():
        op.drop_index(index, "contributions")
        op.drop_column("contributions", name)
    for name in ("answered_anyway_by", "answered_anyway_at", "probe"):
        op.drop_column("screenings", name)


def _fill_agreements() -> None:
    """Of answers of before only the models' agreement is known: they tell of no signs."""
    rows = sa.table(
        "contributions",
        sa.column("id", sa.Uuid()),
        sa.column("model_answer", sa.JSON()),
        sa.column("models_agreement", sa.Double()),
    )
    answered = (
        sa.select(rows.c.id, rows.c.model_answer)
        .where(rows.c.model_answer.is_not(None))
        .order_by(rows.c.id)
        .limit(_AT_ONCE)
    )
    connection = op.get_bind()
    page = connection.execute(answered).all()
    while page:
        for row in page:
            connection.execute(
                rows.update()
                .where(rows.c.id == row.id)
                .values(models_agreement=_agreement(row.model_answer))
            )
        page = connection.execute(answered.where(rows.c.id > page[-1].id)).all()


def _agreement(answer: Mapping[str, Any] | None) -> float:
    """As `backend.reviews.agreement.of_models` had it then; 1 where it tells of no models."""
    models = [each["probabilities"] for each in (answer or {}).get("models", [])]
    if not models:
        return 1.0
    distances: list[float] = [
        abs(model[key] - sum(each[key] for each in models) / len(models))
        for model in models
        for key in model
    ]
    return round(1 - sum(distances) / 2 / len(models), 1)
