"""Following screenings as they change: one query for all that are followed, however many."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from backend.core.db import Database
from backend.screenings import repository

Version = tuple[str, int, int, int]

log = structlog.get_logger(__name__)


class Watch:
    """Looks at the followed rows ten times a second, and wakes those whose row has changed."""

    def __init__(self, database: Database, every_s: float = 0.1) -> None:
        self._database = database
        self._every_s = every_s
        self._followers: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[UUID, Version | None] = {}
        self._looking: asyncio.Task[None] | None = None
        self.stopping = False

    @contextmanager
    def follow(self, screening_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever the row has changed, or is gone; the caller clears it."""
        changed = asyncio.Event()
        self._followers[screening_id].add(changed)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield changed
        finally:
            self._followers[screening_id].discard(changed)
            if not self._followers[screening_id]:
                del self._followers[screening_id]
                self._seen.pop(screening_id, None)

    async def close(self) -> None:
        """Stop looking, and let everybody go: with `stopping` set there is nothing to follow."""
        self.stopping = True
        for followers in self._followers.values():
            for changed in followers:
                changed.set()
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        while self._followers:
            try:
                versions = await asyncio.to_thread(self._versions, tuple(self._followers))
            except SQLAlchemyError as error:
                log.warning("watch_database_down", error=repr(error))
            else:
                self._wake(versions)
            await asyncio.sleep(self._every_s)

    def _versions(self, ids: tuple[UUID, ...]) -> dict[UUID, Version]:
        with self._database.read() as session:
            return repository.versions(session, ids)

    def _wake(self, versions: dict[UUID, Version]) -> None:
        for screening_id, followers in self._followers.items():
            version = versions.get(screening_id)
            if self._seen.get(screening_id, ...) != version:
                self._seen[screening_id] = version
                for changed in followers:
                    changed.set()
