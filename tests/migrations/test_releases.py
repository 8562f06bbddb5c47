"""Migrations of releases: groups, files, removed items, what has changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    JSON,
    MetaData,
    column,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.orm import Session

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.tables import (
    Contribution,
    Release,
    ReleaseItem,
    Training,
)
from backend.tables.releases import Facts
from tests.migrations.rows import make_row

FILE = {"key": "published/a/b.png", "bytes": 9, "sha256": "0" * 64, "crc32": 2**32 - 1}


def test_releases_and_trainings_of_before_groups_merged_leave_nothing_out(url: str) -> None:
    migrations.upgrade(url, "0010")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    names = ["users", "submissions", "contributions", "releases", "fold_assignments"]
    with engine.begin() as connection:
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables[each] for each in [*names, "release_items", "trainings"]):
            connection.execute(insert(table).values(make_row(table, now, some_id)))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(ReleaseItem.copies, ReleaseItem.left_out)).all()
        assert [tuple(each) for each in found] == [(None, False)]
        assert connection.execute(select(Training.left_out)).scalars().all() == [[]]
    migrations.downgrade(url, "0010")
    migrations.upgrade(url)
    engine.dispose()


@pytest.mark.parametrize("frames", [0, 1, 12])
def test_files_of_before_they_had_roles_are_a_recording_and_its_frames(
    url: str, frames: int
) -> None:
    migrations.upgrade(url, "0012")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    names = ["users", "submissions", "contributions", "releases", "fold_assignments"]
    old = [FILE | {"path": f"{n}.png"} for n in range(1 + frames)]
    with engine.begin() as connection:
        before.reflect(connection)
        moment, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables[name] for name in names):
            connection.execute(insert(table).values(make_row(table, moment, some_id)))
        items, releases = before.tables["release_items"], before.tables["releases"]
        row = make_row(items, moment, some_id) | {"label": "viral", "probe": "linear"}
        connection.execute(insert(items).values(row | {"files": old}))
        facts = {"width": 64, "height": 48, "frames": 1, "rate": ""}
        connection.execute(update(items).values(facts=facts))
        for number, files in ((2, {}), (3, {"files": old[:1]})):
            made = make_row(releases, moment, some_id) | {"number": number, "files": files}
            connection.execute(insert(releases).values(made | {"state": "done"}))
            connection.execute(
                insert(items).values(row | {"release_number": number, "files": None})
            )
    migrations.upgrade(url)
    with Session(engine) as session:
        found, unmeasured, _ = session.scalars(
            select(ReleaseItem).order_by(ReleaseItem.release_number)
        )
        assert found.files is not None
        assert [each.model_dump() for each in found.files.all()] == old
        assert found.files.recording.path == "0.png"
        assert found.facts == Facts(width=64, height=48, frames=1, rate="")
        assert (unmeasured.files, unmeasured.facts) == (None, None)
        tops = session.scalars(select(Release.files).order_by(Release.number)).all()
        assert [[file.path for file in top.files] for top in tops] == [[], [], ["0.png"]]
    migrations.downgrade(url, "0012")
    with engine.connect() as connection:
        kept = connection.execute(select(items.c.files).order_by(items.c.release_number))
        assert kept.scalars().all() == [old, None, None]
    engine.dispose()


def test_items_of_before_know_what_was_removed_and_from_then_on(url: str) -> None:
    migrations.upgrade(url, "0017")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    with engine.begin() as connection:
        before.reflect(connection)
        now, first, second = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1), UUID(int=2)
        for name in ("users", "submissions", "fold_assignments", "releases"):
            table = before.tables[name]
            connection.execute(insert(table).values(make_row(table, now, first)))
        contributions, items = before.tables["contributions"], before.tables["release_items"]
        for some_id, state in ((first, "withdrawn"), (second, "approved")):
            row = make_row(contributions, now, first) | {"state": state}
            row["id"] = make_row(contributions, now, some_id)["id"]
            connection.execute(insert(contributions).values(row))
            row = make_row(items, now, some_id) | {"label": "viral", "probe": "linear"}
            row["group_key"] = make_row(before.tables["fold_assignments"], now, first)["group_key"]
            connection.execute(insert(items).values(row))
    removed = select(ReleaseItem.removed).order_by(ReleaseItem.contribution_id)
    counted = select(Release.removals, Release.measured_removals)
    for _ in range(2):
        migrations.upgrade(url)
        with engine.begin() as connection:
            assert connection.execute(removed).scalars().all() == [True, False]
            assert connection.execute(counted).one() == (0, None)
            for state in ("rejected", "approved", "pending"):
                connection.execute(
                    update(Contribution).where(Contribution.id == second).values(state=state)
                )
                expected = [True, state == "rejected"]
                assert connection.execute(removed).scalars().all() == expected
            assert connection.execute(counted).one() == (2, None)
        migrations.downgrade(url, "0017")
    engine.dispose()


def test_what_has_changed_in_a_release_moves_out_of_its_summary_and_back(url: str) -> None:
    diff = {"since": None, "added": [str(UUID(int=3))]}
    diff |= {"withdrawn": [], "relabelled": [], "corrected": []}
    known = {"recordings": 1, "frames": 2, "licences": {"CC BY 4.0": 1, "CC0 1.0": 2}}
    summaries: dict[int, dict[str, Any]] = {1: known | {"diff": diff}, 2: {}, 3: known}
    migrations.upgrade(url, "0021")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    with engine.begin() as connection:
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
        row = make_row(before.tables["users"], now, some_id)
        connection.execute(insert(before.tables["users"]).values(row))
        releases = before.tables["releases"]
        for number, summary in summaries.items():
            row = make_row(releases, now, some_id) | {"number": number, "summary": summary}
            connection.execute(insert(releases).values(row))
    columns = [column("summary", JSON), column("diff", JSON)]
    kept = select(*columns).select_from(table("releases")).order_by(column("number"))
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            rows = connection.execute(kept).all()
            assert [row.summary for row in rows] == [known, {}, known]
            assert list(rows[0].summary) == list(known)
            assert [row.diff for row in rows] == [diff, None, None]
        migrations.downgrade(url, "0021")
        with engine.connect() as connection:
            found = connection.execute(select(releases.c.summary).order_by(releases.c.number))
            assert found.scalars().all() == list(summaries.values())
    engine.dispose()
