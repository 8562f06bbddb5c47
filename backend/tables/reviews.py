"""The table of reviews: one reviewer's verdict on one contribution."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.accounts import User
from backend.tables.contributions import Contribution
from backend.tables.vocabulary import Finding, Label, Reason, Verdict
from models.contract import Square


class Review(Base):
    """A verdict. `reading` is 1, 2 or 3 (the third decides a disagreement) in its `round`.

    A round ends with a decision; a request for changes or a reported label opens the next.
    `undone_at` takes a verdict back and keeps the row. `square` and trims are null where the
    reviewer left them alone. `no_identifying_marks` is the tick on the contact sheet.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint(
            "verdict IN ('approve', 'reject', 'request_changes')", name="verdict_known"
        ),
        Index(
            "uq_reviews_reader_in_round",
            "contribution_id",
            "round",
            "reviewer_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    contribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id", ondelete="CASCADE"), index=True
    )
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    round: Mapped[int]
    reading: Mapped[int]
    verdict: Mapped[Verdict] = mapped_column(string_enum(Verdict, 20))
    reason: Mapped[Reason | None] = mapped_column(string_enum(Reason, 30))
    label: Mapped[Label | None] = mapped_column(string_enum(Label, 20))
    findings: Mapped[dict[Finding, bool]] = mapped_column(
        TypedJSON(dict[Finding, bool]), default=dict
    )
    square: Mapped[Square | None] = mapped_column(TypedJSON(Square))
    trim_start_s: Mapped[float | None]
    trim_end_s: Mapped[float | None]
    no_identifying_marks: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(Text, default="")
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    contribution: Mapped[Contribution] = relationship(lazy="raise")
    reviewer: Mapped[User] = relationship(lazy="raise")
