"""A whole installation for the tests of this folder: rows, bytes, queue, and real processes."""

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psutil
from PIL import Image
from sqlalchemy import select

from backend.core.db import Database, utc_now
from backend.core.settings import Settings
from backend.jobs.celery import make_celery, send
from backend.jobs.names import SCREEN
from backend.storage.base import Storage
from backend.storage.factory import open_storage
from backend.storage.keys import preview_key, recording_key
from backend.tables import Recording, Screening, Status, Worker
from models.media import sampling
from tests.waiting import wait_until
from worker import app  # noqa: F401  # which knows every module with duties
from worker.maintenance.duties import DUTIES

STAND_IN = Path(__file__).with_name("stand_in.py")


def picture(side: int = 64, seed: int = 0) -> Image.Image:
    """A square of grey speckle."""
    speckle = np.random.default_rng(seed).integers(0, 255, (side, side), dtype=np.uint8)
    return Image.fromarray(speckle).convert("RGB")


def still(side: int = 64) -> bytes:
    """One PNG."""
    file = io.BytesIO()
    picture(side).save(file, "PNG")
    return file.getvalue()


def clip(frames: int = 30) -> bytes:
    """A GIF with two pictures a second, so that each of them is sampled."""
    file = io.BytesIO()
    first, *others = [picture(seed=seed) for seed in range(frames)]
    first.save(file, "GIF", save_all=True, append_images=others, duration=500)
    return file.getvalue()


@dataclass
class Deployment:
    """One database, one storage and one broker, with the environment that leads to them."""

    environment: Mapping[str, str]
    settings: Settings
    database: Database = field(init=False)
    storage: Storage = field(init=False)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.database = Database.connect(self.settings)
        self.storage = open_storage(self.settings)

    # rows and bytes

    def queue(self, content: bytes, *, notify: bool = True, **changes: Any) -> UUID:
        """Store a recording, queue its screening, and tell the broker (unless `notify=False`)."""
        recording_id, screening_id = uuid4(), uuid4()
        path = self.settings.incoming_dir / str(recording_id)
        path.write_bytes(content)
        found = sampling.probe(path)
        sha256 = hashlib.sha256(content).hexdigest()
        key = recording_key(sha256, recording_id)
        self.storage.put(key, path)
        self.storage.put_bytes(preview_key(recording_id), b"a preview")
        moment = utc_now()
        with self.database.write() as session:
            session.add(
                Recording(
                    id=recording_id,
                    sha256=sha256,
                    storage_key=key,
                    preview_key=preview_key(recording_id),
                    bytes=len(content),
                    kind=found.kind,
                    format=found.format,
                    media_type=found.media_type,
                    width=found.width,
                    height=found.height,
                    duration_s=found.duration_s,
                    frames=found.frames,
                    sampled_frames=found.sampled,
                    square_x=found.square.x,
                    square_y=found.square.y,
                    square_size=found.square.size,
                    created_at=moment,
                    expires_at=changes.pop("expires_at", moment + timedelta(hours=24)),
                )
            )
            session.flush()
            values = {
                "client": "somebody",
                "crop_x": 0,
                "crop_y": 0,
                "crop_size": min(found.width, found.height),
                "total": found.sampled,
                "created_at": moment,
                "queued_at": moment,
                "notified_at": moment,
            }
            session.add(
                Screening(id=screening_id, recording_id=recording_id, **{**values, **changes})
            )
            session.commit()
        if notify:
            self.notify(screening_id)
        return screening_id

    def notify(self, screening_id: UUID) -> None:
        """Send a message for the screening."""
        assert send(make_celery(self.settings), SCREEN, str(screening_id))

    def workers(self) -> list[str]:
        """Names of the workers that are there."""
        with self.database.read() as session:
            return list(session.scalars(select(Worker.name)))

    def row(self, screening_id: UUID) -> Screening:
        """The screening as it is now."""
        with self.database.read() as session:
            return session.scalars(select(Screening).where(Screening.id == screening_id)).one()

    def recording(self, screening_id: UUID) -> Recording:
        """The screening's recording as it is now."""
        query = select(Recording).join(Screening).where(Screening.id == screening_id)
        with self.database.read() as session:
            return session.scalars(query).one()

    def change(self, row: Screening | Recording, **values: Any) -> None:
        """Write columns of a row behind everybody's back."""
        with self.database.write() as session:
            mine = session.merge(row)
            for name, value in values.items():
                setattr(mine, name, value)
            session.commit()

    def delete(self, screening_id: UUID) -> None:
        """Delete the screening's row."""
        with self.database.write() as session:
            session.delete(session.get(Screening, screening_id))
            session.commit()

    def frames(self, screening_id: UUID) -> set[str]:
        """Storage keys of the screening's frames."""
        return {
            stored.key
            for stored in self.storage.listing("frames")
            if stored.key.startswith(f"frames/{screening_id}/")
        }

    def finished(self, screening_id: UUID, within_s: float = 120) -> Screening:
        """The screening, once it is done or failed."""
        ended = {Status.DONE.value, Status.FAILED.value}
        wait_until(lambda: self.row(screening_id).status in ended, within_s)
        return self.row(screening_id)

    def running(self, screening_id: UUID, attempt: int = 1) -> None:
        """Return once this attempt has answered some of the frames and not all."""

        def state() -> tuple[str, int, int]:
            row = self.row(screening_id)
            return row.status, row.attempt, row.done

        def under_way() -> bool:
            row = self.row(screening_id)
            return row.attempt == attempt and 0 < row.done < row.total

        wait_until(under_way, 120, progress=state)

    # processes

    def start_program(self, *command: str, frame_s: float = 0.0) -> "subprocess.Popen[bytes]":
        """Run a command in this deployment's environment, and end it with the deployment."""
        process = subprocess.Popen(
            command,
            env={**os.environ, **self.environment, "STAND_IN_FRAME_S": str(frame_s)},
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def start(self, *words: str, frame_s: float = 0.0) -> "subprocess.Popen[bytes]":
        """Run `pocovid` with the stand-in for the five models, `frame_s` seconds a frame."""
        return self.start_program(sys.executable, str(STAND_IN), *words, frame_s=frame_s)

    def start_worker(self, frame_s: float = 0.0) -> "subprocess.Popen[bytes]":
        """A worker."""
        return self.start("worker", frame_s=frame_s)

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        """What calls the worker's upkeep."""
        return self.start("scheduler")

    def close(self) -> None:
        """End every process, whatever state it is in, and the connections."""
        for process in self.processes:
            kill_tree(process)
        self.database.close()


def maintain(*, hourly: bool = False) -> None:
    """Every duty of maintenance once, as the schedule has it: those of each hour, or the others."""
    for duty in DUTIES.values():
        if duty.hourly is hourly:
            duty.task()


def tree(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """The process and everything it started."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 for the process and everything it started, all at once."""
    for each in tree(process):
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    process.wait()
