"""What all parts of an installation are made with."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from backend.core.db import Base, utc_now
from scripts.bench.growth.bulk import insert
from scripts.bench.growth.seeding.installation import Installation
from tests.factories import answer

DAYS = 1000
"""Age of the installation."""

REVIEWERS = 10
SOURCES = tuple(f"Hospital {number}" for number in range(40))

SAMPLE = 200
"""Recordings in the large release whose stored objects the sweeps of maintenance look up."""


class Context:
    """A connection, chance, the time, and who there is.

    Args:
        connection: to an empty, migrated database, within a transaction.
        size: contributions, and screenings.
    """

    def __init__(self, connection: Connection, size: int) -> None:
        self.connection = connection
        self.size = size
        self.made = Installation(size)
        self.now = utc_now()
        self.later = self.now + timedelta(hours=1)
        self.random = random.Random(size)
        self.contributors = [self.id() for _ in range(max(5, size // 100))]
        self.reviewers = [self.id() for _ in range(REVIEWERS)]
        self.made.reviewer = self.reviewers[0]
        self.admin = self.id()
        self.still, self.clip = answer(1), answer(5)

    def id(self) -> UUID:
        """A new id, which the size and those before determine."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def ago(self, **span: float) -> datetime:
        """The time before now by a `timedelta`."""
        return self.now - timedelta(**span)

    def insert(self, name: str, rows: list[dict[str, Any]], **same: Any) -> None:
        """Insert rows into the table of this name; see `bulk.insert`."""
        insert(self.connection, Base.metadata.tables[name], rows, **same)
