"""The embedded broker: Celery messages as files of one folder, for one machine without a server.

It is for one machine only. Renames in a folder that several hosts see over a network do not look
alike to all of them, and messages in a folder of one host's own reach no other. A worker that
finds workers of other hosts in the database warns of it (`worker.app`).

Losing the folder costs time alone. The row is the truth: maintenance sends a message again for
each that waits, and the folder is made again.

Kombu's own filesystem transport shows a message before it is written, and moves it through the
system's temporary folder, which may lie on another disk: two processes can then read half a
message, or the same one. Here each step is one rename.
"""

from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

from backend.storage.private_files import make_folder


class Channel(filesystem.Channel):
    """A channel whose messages appear whole and are taken once."""

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]  # as kombu's own
        folder = Path(self.data_folder_out)
        name = f"{time_ns()}_{uuid4()}"
        half = folder / f"{name}.half"
        make_folder(folder)
        half.write_text(dumps(payload))
        half.replace(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002  # never waits
        ending = f"{queue}.msg"
        with suppress(FileNotFoundError):  # the folder went, or another worker was faster
            for message in sorted(Path(self.data_folder_in).iterdir()):
                if message.name.partition(".")[2] == ending and (payload := _take(message)):
                    return loads(payload)
        raise Empty


def _take(message: Path) -> str | None:
    """The message's text; None where another worker was faster."""
    taken = message.with_name(f"{message.name}.{uuid4()}.taken")
    try:
        message.rename(taken)
    except FileNotFoundError:
        return None
    payload = taken.read_text()
    taken.unlink()
    return payload


class Transport(filesystem.Transport):
    """The transport that Celery imports by the name `backend.jobs.broker:Transport`."""

    Channel = Channel
