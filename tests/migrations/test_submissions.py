"""Migrations of submissions: tables, uploads in pieces, near copies."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    MetaData,
    Uuid,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import (
    Contribution,
    Fingerprint,
    NearCopy,
    Review,
    Upload,
)
from models.data import fingerprint
from tests.migrations.rows import make_row


def test_what_was_half_sent_before_there_were_pieces_is_sent_from_the_start(url: str) -> None:
    migrations.upgrade(url, "0007")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "submissions"):
            row = make_row(before.tables[table], now, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        arrivals = before.tables["arrivals"]
        for state, arrival_id in (("receiving", uuid4()), ("queued", uuid4())):
            row = make_row(arrivals, now, some_id) | {"state": state, "received": 5}
            row["id"] = arrival_id if isinstance(arrivals.c.id.type, Uuid) else arrival_id.hex
            row["entry"] = None
            connection.execute(insert(arrivals).values(row))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(Upload.state, Upload.received)).all()
    assert {each.state: each.received for each in found} == {"receiving": 0, "queued": 5}
    engine.dispose()


def test_what_was_said_of_a_draft_before_tables_were_told_apart_stays(url: str) -> None:
    migrations.upgrade(url, "0009")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        said = {"label": "covid19", "source": "", "note": "x", "symptoms": ["fever"]}
        others: dict[str, dict[str, Any]] = {"contributions": said}
        for table in ("users", "submissions", "contributions", "arrivals", "reviews"):
            row = make_row(before.tables[table], now, some_id) | others.get(table, {})
            connection.execute(insert(before.tables[table]).values(row))
        arrivals = before.tables["arrivals"]
        answered = some_id if isinstance(arrivals.c.id.type, Uuid) else some_id.hex
        connection.execute(update(arrivals).values(contribution_id=answered))
    migrations.upgrade(url)
    with engine.begin() as connection:
        found = connection.execute(select(Contribution)).one()
        assert found.set_by_hand == ["label", "note", "symptoms"]
        assert (found.set_by_table, found.withheld, found.table_digest) == ([], [], None)
        assert connection.execute(select(Upload.contribution_id)).scalar_one() == some_id
        assert connection.execute(select(Review.contribution_id)).scalar_one() == some_id
        connection.execute(update(Contribution).values(file_name="f" * 900 + "/a.png"))
    migrations.downgrade(url, "0009")
    with engine.connect() as connection:
        name = connection.execute(select(Contribution.file_name)).scalar_one()
    assert (len(name), name[-6:]) == (255, "/a.png")
    engine.dispose()


def _some_alike() -> dict[UUID, tuple[str, list[str]]]:
    """The content and the hashes of recordings by their ids: some are copies of others."""
    draw = random.Random(7)
    hashes = [[draw.getrandbits(64) for _ in range(n % 9)] for n in range(40)]
    for n in range(20, 40):  # a part of them a bit too far away, a part without their first frame
        flips = [sum(1 << bit for bit in draw.sample(range(64), 8)) for _ in hashes[n - 20]]
        copies = [one ^ flip ^ (n % 3) for one, flip in zip(hashes[n - 20], flips, strict=True)]
        hashes[n] = copies[n % 2 :]
    hashes[39] = hashes[38] = hashes[37]
    return {
        UUID(int=n): (f"{min(n, 38):064x}", [f"{each:016x}" for each in some])
        for n, some in enumerate(hashes)
    }


def _near_by_comparing(rows: dict[UUID, tuple[str, list[str]]]) -> set[tuple[UUID, UUID]]:
    return {
        (one, other)
        for one, (content, some) in rows.items()
        for other, (other_content, others) in rows.items()
        if content != other_content and fingerprint.distance(some, others) <= 8
    }


def test_near_copies_of_before_are_those_that_comparing_finds(url: str) -> None:
    migrations.upgrade(url, "0018")
    engine = make_engine(Settings(database_url=url))
    now, some_id, rows = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1), _some_alike()
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection, only=["users", "submissions", "contributions"])
        for table in before.sorted_tables[:-1]:
            connection.execute(insert(table).values(make_row(table, now, some_id)))
        contributions = before.tables["contributions"]
        row = make_row(contributions, now, some_id)
        for contribution_id, (sha256, some) in rows.items():
            own_id = contribution_id if isinstance(row["id"], UUID) else contribution_id.hex
            values = row | {"id": own_id, "sha256": sha256, "fingerprints": some}
            connection.execute(insert(contributions).values(values))
    migrations.upgrade(url)
    with Session(engine) as session:
        query = select(NearCopy.contribution_id, NearCopy.other_id)
        pairs = {(one, other) for one, other in session.execute(query)}
        bands = {
            (row.contribution_id, row.hash): [row.first_band, row.second_band, row.third_band]
            for row in session.scalars(select(Fingerprint))
        }
    assert len(pairs) > 10
    assert pairs == _near_by_comparing(rows)
    assert bands == {
        (one, number): values
        for one, (_, some) in rows.items()
        if some
        for number, values in zip(
            fingerprint.to_int64(some).tolist(), fingerprint.bands(some).tolist(), strict=True
        )
    }
    engine.dispose()


def test_near_copies_of_before_are_the_same_if_they_are_sought_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = ScriptDirectory.from_config(migrations.config("")).get_revision("0019")
    monkeypatch.setattr(script.module, "_PAIRS_AT_ONCE", 2)
    monkeypatch.setattr(script.module, "_EXPANDED_AT_ONCE", 3)
    rows = {one: row for one, row in _some_alike().items() if row[1]}
    known = script.module._Hashes.of([hashes for _, hashes in rows.values()])
    contents = np.array([int(content, 16) for content, _ in rows.values()])
    ids = list(rows)
    found = [(ids[one], ids[other]) for one, other in script.module._near_pairs(known, contents)]
    assert len(found) == len(set(found))
    assert {*found, *((other, one) for one, other in found)} == _near_by_comparing(rows)
