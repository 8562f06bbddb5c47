"""How the copies of a training's frames differ from them, for those from before it was a choice."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME = "augmentation"


def upgrade() -> None:
    """Say what those did: as in the paper."""
    _rewrite(lambda settings: {_NAME: "paper", **settings})


def downgrade() -> None:
    """Forget it."""
    _rewrite(lambda settings: {name: each for name, each in settings.items() if name != _NAME})


def _rewrite(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    trainings = sa.table("trainings", sa.column("id", sa.Uuid()), sa.column("settings", sa.JSON()))
    connection = op.get_bind()
    for found in connection.execute(sa.select(trainings)).all():
        connection.execute(
            sa.update(trainings)
            .where(trainings.c.id == found.id)
            .values(settings=change(found.settings))
        )
