"""Rows of many contributions, which are inserted together."""

from dataclasses import dataclass, field
from typing import Any

from scripts.bench.growth.seeding.context import Context


@dataclass
class Batch:
    """Rows that are inserted together, by their tables, parents first."""

    submissions: list[dict[str, Any]] = field(default_factory=list)
    contributions: list[dict[str, Any]] = field(default_factory=list)
    fingerprints: list[dict[str, Any]] = field(default_factory=list)
    near_copies: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    label_reports: list[dict[str, Any]] = field(default_factory=list)
    fold_assignments: list[dict[str, Any]] = field(default_factory=list)
    release_items: list[dict[str, Any]] = field(default_factory=list)
    audit_events: list[dict[str, Any]] = field(default_factory=list)

    def insert(self, context: Context) -> None:
        """Insert all of them."""
        for name, rows in vars(self).items():
            context.insert(name, rows)
