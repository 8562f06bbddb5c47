"""What a browser and a worker do with screenings, for tests."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.screenings import repository
from models.contract import Prediction
from tests import media_files
from tests.conftest import Api
from tests.factories import prediction


def ask(api: Api, content: bytes | None = None, **form: str) -> httpx.Response:
    files = {"file": ("scan", content or media_files.image())}
    return api.client.post("/screenings", files=files, data=form)


def ask_again(api: Api, recording_id: UUID | str, **more: Any) -> httpx.Response:
    return api.client.post("/screenings", json={"recording_id": str(recording_id), **more})


def finish(api: Api, screening_id: UUID, result: Prediction | None = None) -> None:
    """What a worker does, without a model."""
    with api.database.write() as session:
        lease = leases.lease_this(session, SCREENING, screening_id, utc_now())
        assert lease is not None
        columns = repository.answer(result or prediction())
        leases.complete(session, lease, utc_now(), **columns)
        session.commit()


def screening_events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    event = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        if name == "data":
            assert event == "screening"
            yield json.loads(value)
