"""Following screenings as they change: one query for all followed screenings together."""

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
    """Polls the followed rows ten times a second and wakes the followers of changed ones."""

    def __init__(self, database: Database, every_s: float = 0.1) -> None:
        self._database = database
        self._every_s = every_s
        self._followers: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[UUID, Version | None] = {}
        self._polling: asyncio.Task[None] | None = None
        self.stopping = False

    @contextmanager
    def follow(self, screening_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever the row changes or is deleted; the caller clears it."""
        changed = asyncio.Event()
        self._followers[screening_id].add(changed)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            yield changed
        finally:
            self._followers[screening_id].discard(changed)
            if not self._followers[screening_id]:
                del self._followers[screening_id]
                self._seen.pop(screening_id, None)

    async def close(self) -> None:
        """Stop polling and wake all followers, who then see that `stopping` is set."""
        self.stopping = True
        for followers in self._followers.values():
            for changed in followers:
                changed.set()
        if self._polling is not None:
            self._polling.cancel()
            with suppress(asyncio.CancelledError):
                await self._polling

    async def _poll(self) -> None:
        while self._followers:
            try:
                versions = await asyncio.to_thread(self._versions, tuple(self._followers))
            except SQLAlchemyError as error:
                log.warning("watch_database_unreachable", error=repr(error))
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
