"""Verdicts, and the numbers that are kept of them."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from backend.tables.vocabulary import ContributionState, Label, Reason, Verdict
from scripts.bench.growth.seeding.batch import Batch
from scripts.bench.growth.seeding.context import Context


class Reviews:
    """The verdicts on all contributions."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.days = Counter[tuple[date, UUID]]()
        self.times = Counter[tuple[UUID, int]]()
        self.pairs = Counter[tuple[str, str]]()

    def add(self, batch: Batch, row: dict[str, Any]) -> list[UUID]:
        """The verdicts of two readers, or of one on a third of what still waits."""
        readings = 2
        if row["state"] is ContributionState.PENDING:
            readings = int(self.context.random.random() < 1 / 3)
        readers = self.context.random.sample(self.context.reviewers, readings)
        rejected = row["state"] is ContributionState.REJECTED
        ratings: list[str] = []
        for reading, reviewer in enumerate(readers, 1):
            agrees = self.context.random.random() < 0.9
            at = row["submitted_at"] + timedelta(hours=reading)
            seconds = self.context.random.randint(20, 90)
            label = None if rejected else row["label"] if agrees else Label.HEALTHY
            ratings.append(Verdict.REJECT if rejected else f"{Verdict.APPROVE} {label}")
            self.days[at.date(), reviewer] += 1
            self.times[reviewer, seconds] += 1
            batch.reviews.append(
                {
                    "id": self.context.id(),
                    "contribution_id": row["id"],
                    "reviewer_id": reviewer,
                    "round": 1,
                    "reading": reading,
                    "verdict": Verdict.REJECT if rejected else Verdict.APPROVE,
                    "reason": Reason.POOR_QUALITY if rejected else None,
                    "label": label,
                    "findings": row["findings"],
                    "no_identifying_marks": not rejected,
                    "is_open": row["state"] is ContributionState.PENDING,
                    "claimed_at": at - timedelta(seconds=seconds),
                    "created_at": at,
                }
            )
        if len(ratings) > 1:
            self.pairs[ratings[0], ratings[1]] += 1
        return readers

    def insert_numbers(self) -> None:
        """Insert what the service has counted of them; all are of the first round."""
        self.context.insert(
            "review_days",
            [
                {"day": day, "reviewer_id": reviewer, "reviews": number}
                for (day, reviewer), number in self.days.items()
            ],
        )
        self.context.insert(
            "review_times",
            [
                {"reviewer_id": reviewer, "seconds": seconds, "reviews": number}
                | {"milliseconds": 1000 * seconds * number}
                for (reviewer, seconds), number in self.times.items()
            ],
        )
        self.context.insert(
            "review_pairs",
            [
                {"first": first, "second": second, "rounds": number}
                for (first, second), number in self.pairs.items()
            ],
        )
