"""One look at the queue serves all who ask meanwhile; nobody waits for it who need not."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from backend.core.db import Database, now
from backend.core.settings import Settings
from backend.screenings import repository
from backend.screenings.forecast import Waiting
from backend.screenings.outlook import Outlook, Prospect
from tests.factories import create_screening

LATER = timedelta(seconds=2)


class Slow:
    """The queue, which is read so slowly that others ask meanwhile."""

    def __init__(self) -> None:
        self.reads = 0
        self.reading, self.may_end = threading.Event(), threading.Event()
        self._read = repository.waiting_in_turn

    def __call__(self, session: Session) -> list[Waiting]:
        self.reads += 1
        self.reading.set()
        self.may_end.wait(30)
        return self._read(session)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    queue = Slow()
    monkeypatch.setattr(repository, "waiting_in_turn", queue)
    yield queue
    queue.may_end.set()


def test_while_one_looks_again_the_others_take_the_last_look(
    database: Database, tmp_path: Path, slow: Slow
) -> None:
    outlook, moment = Outlook(Settings(data_dir=tmp_path)), now()
    slow.may_end.set()
    with database.write() as session:
        first, second = create_screening(session), create_screening(session)
        assert outlook.of(session, second, moment) == Prospect(None, ahead=1)
        repository.claim(session, first.id, moment)
        session.commit()
    slow.reading.clear()
    slow.may_end.clear()

    def look() -> None:
        with database.read() as session:
            found.append(outlook.of(session, second, moment + LATER))

    found: list[Prospect] = []
    looking = threading.Thread(target=look)
    looking.start()
    assert slow.reading.wait(30)
    with database.read() as session:
        assert outlook.of(session, second, moment + LATER) == Prospect(None, ahead=1)
    assert looking.is_alive()
    slow.may_end.set()
    looking.join(30)
    assert found == [Prospect(None, ahead=0)]
    assert slow.reads == 2


def test_who_is_not_known_yet_looks_anew(database: Database, tmp_path: Path, slow: Slow) -> None:
    outlook, moment = Outlook(Settings(data_dir=tmp_path)), now()
    slow.may_end.set()
    with database.write() as session:
        for place in range(3):
            made = create_screening(session, queued_at=moment + timedelta(seconds=place))
            assert outlook.of(session, made, moment) == Prospect(None, ahead=place)
            assert outlook.of(session, made, moment) == Prospect(None, ahead=place)
    assert slow.reads == 3
