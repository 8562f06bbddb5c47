"""The embedded broker: Celery messages as files of one folder, for one machine without a server.

Kombu's own filesystem transport shows a message before it is written, and moves it through the
system's temporary folder, which may lie on another disk: two processes can then read half a
message, or the same one. Here each step is one rename.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A channel whose messages appear whole and are taken once."""

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]  # as kombu's own
        folder = Path(self.data_folder_out)
        name = f"{time_ns()}_{uuid4()}"
        half = folder / f"{name}.half"
        half.write_text(dumps(payload))
        half.replace(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002  # never waits
        ending = f"{queue}.msg"
        for message in sorted(Path(self.data_folder_in).iterdir()):
            if message.name.partition(".")[2] != ending:
                continue
            mine = message.with_name(f"{message.name}.{uuid4()}.taken")
            try:
                message.rename(mine)
            except FileNotFoundError:
                continue  # another worker was faster
            payload = mine.read_text()
            mine.unlink()
            return loads(payload)
        raise Empty

    def get_table(self, exchange: str) -> Any:
        """The queues bound to `exchange`, never read while another process writes them."""
        with self._locked():
            return super().get_table(exchange)

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str
    ) -> None:
        with self._locked():
            super()._queue_bind(exchange, routing_key or "", pattern or "", queue)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (Path(self.data_folder_in) / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """The transport that Celery imports by the name `backend.jobs.broker:Transport`."""

    Channel = Channel
