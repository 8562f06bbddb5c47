"""Nodes on a port of their own, in this process or as the command."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.core.db import Database
from backend.core.settings import Settings
from backend.dicom.node import Node
from backend.http.services import make_services
from backend.installation import key
from backend.storage.base import Storage
from backend.storage.factory import open_storage
from backend.tables import DicomInstance, Recording, Screening
from tests.conftest import log_file, sqlite_url
from tests.dicom_instances import closing_sockets, free_port, run
from tests.waiting import wait_until


@dataclass
class Running:
    """A node that listens, seen from behind."""

    settings: Settings
    database: Database
    storage: Storage
    port: int
    node: Node | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def counts(self) -> tuple[int, int, int]:
        """Instances, recordings and screenings."""
        with self.database.read() as session:
            one, two, three = (
                session.scalars(select(func.count()).select_from(table)).one()
                for table in (DicomInstance, Recording, Screening)
            )
        return one, two, three

    def instances(self) -> list[DicomInstance]:
        with self.database.read() as session:
            return list(session.scalars(select(DicomInstance)))

    def incoming(self) -> list[str]:
        """What lies in the folder of unfinished files."""
        return [path.name for path in self.settings.incoming_dir.iterdir()]

    def send(self, *files: Path, code: int | None = 0, title: str = "WARD3") -> str:
        """Send by DCMTK's storescu, which takes the files' own transfer syntax."""
        return run("storescu", "-v", "-aet", title, "-aec", "POCOVID", "-xs",
                   "127.0.0.1", str(self.port), *files, code=code)  # fmt: skip


@pytest.fixture(autouse=True)
def _sockets_are_closed() -> Iterator[None]:
    with closing_sockets():
        yield


@pytest.fixture
def start_node(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start nodes in this process, with changed settings, on SQLite."""
    with ExitStack() as stack:
        yield partial(_start, stack, tmp_path, sqlite_url(migrated_sqlite, tmp_path))


@pytest.fixture
def start_node_anywhere(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """The same, once on SQLite and once on PostgreSQL."""
    with ExitStack() as stack:
        yield partial(_start, stack, tmp_path, database_url)


def _start(stack: ExitStack, folder: Path, database_url: str, **changes: Any) -> Running:
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "database_url": database_url,
        "dicom_port": 0,
        "min_free_bytes": 0,
    }
    settings = Settings(**values | changes)
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    database = Database.connect(settings)
    key.establish(database, settings)
    services = make_services(settings, database, lambda: key.for_requests(database, settings))
    node = Node(services)
    node.start()
    stack.callback(database.close)
    stack.callback(node.stop, 0.5)
    return Running(settings, database, services.storage, node.port, node)


@pytest.fixture
def start_command(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[], Running]]:
    """Start `pocovid dicom-node`, as often as wanted on the same rows and files."""
    port, started = free_port(), []
    database_url = sqlite_url(migrated_sqlite, tmp_path)
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    database = Database.connect(settings)
    environment = os.environ | {
        "POCOVID_DATA_DIR": str(settings.data_dir),
        "POCOVID_DATABASE_URL": database_url,
        "POCOVID_DICOM_PORT": str(port),
        "POCOVID_MIN_FREE_BYTES": "0",
    }

    def start() -> Running:
        with log_file("dicom-node").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend.cli.main", "dicom-node"],
                env=environment,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        running = Running(settings, database, open_storage(settings), port, process=process)
        wait_until(lambda: "Success" in run("echoscu", "-v", "-aec", "POCOVID", "127.0.0.1",
                                            str(port), code=None), 60, 0.2)  # fmt: skip
        return running

    yield start
    for process in started:
        process.kill()
        process.wait()
    database.close()
