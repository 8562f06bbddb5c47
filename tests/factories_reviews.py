"""Rows of reviews for tests: whole and valid, each field open to change."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.tables import Contribution, Review, User
from backend.tables.contributions import Cine
from tests.factories import create_user
from tests.factories_contributions import create_contribution

CINE = Cine(times_s=[n / 10 for n in range(10)], width=96, height=64)


def create_prepared(session: Session, **changes: Any) -> Contribution:
    """A pending contribution that is ready for review; its pictures are nowhere."""
    values: dict[str, Any] = {"previews_state": "done", "cine": CINE}
    return create_contribution(session, **values | changes)


def create_review(
    session: Session,
    contribution: Contribution | None = None,
    reviewer: User | None = None,
    **changes: Any,
) -> Review:
    """An approval as its row alone: nothing of what follows from it."""
    contribution = contribution or create_prepared(session)
    reviewer = reviewer or create_user(session, "reviewer")
    now = changes.pop("created_at", utc_now())
    values: dict[str, Any] = {
        "id": uuid4(),
        "contribution_id": contribution.id,
        "reviewer_id": reviewer.id,
        "round": contribution.review_round,
        "reading": 1,
        "verdict": "approve",
        "label": "covid19",
        "findings": {"b_lines": True},
        "no_identifying_marks": True,
        "claimed_at": now - timedelta(seconds=40),
        "created_at": now,
    }
    review = Review(**values | changes)
    session.add(review)
    session.flush()
    return review
