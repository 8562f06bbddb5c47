"""The tables of reviews: one reviewer's verdict on one contribution, and numbers of them all."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text, true
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
    reviewer left them alone. `no_identifying_marks` is the tick on the contact sheet. Only where
    `is_open` is true may the round still wait for other verdicts.
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
        Index("ix_reviews_reviewer_id_created_at", "reviewer_id", "created_at", "id"),
        Index(
            "ix_reviews_open",
            "reviewer_id",
            "is_open",  # SQLite takes the index of which a query compares most columns
            "undone_at",
            "contribution_id",
            "round",
            sqlite_where=text("is_open = 1 AND undone_at IS NULL"),
            postgresql_where=text("is_open AND undone_at IS NULL"),
        ),
        Index(
            "ix_reviews_undone_at",
            "undone_at",
            sqlite_where=text("undone_at IS NOT NULL"),
            postgresql_where=text("undone_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    contribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id", ondelete="CASCADE"), index=True
    )
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
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
    is_open: Mapped[bool] = mapped_column(default=True, server_default=true())

    contribution: Mapped[Contribution] = relationship(lazy="raise")
    reviewer: Mapped[User] = relationship(lazy="raise")


# Numbers of the verdicts that were not undone, for statistics (`reviews.tally`).


class ReviewDay(Base):
    """How many verdicts a reviewer gave on one day (UTC)."""

    __tablename__ = "review_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    reviews: Mapped[int]


class ReviewTime(Base):
    """How many verdicts of a reviewer took so many seconds, rounded, from the claim on.

    `milliseconds` is what they took together.
    """

    __tablename__ = "review_times"

    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    seconds: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reviews: Mapped[int]
    milliseconds: Mapped[int] = mapped_column(BigInteger)


class ReviewPair(Base):
    """In how many rounds the first and the second reader rated so (`reviews.verdicts.rating`)."""

    __tablename__ = "review_pairs"

    first: Mapped[str] = mapped_column(String(50), primary_key=True)
    second: Mapped[str] = mapped_column(String(50), primary_key=True)
    rounds: Mapped[int]
