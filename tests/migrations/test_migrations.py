"""The migrations make exactly the tables of backend.tables, and take them away again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Engine,
    Integer,
    MetaData,
    Table,
    Uuid,
    delete,
    insert,
    inspect,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

import migrations
from backend.core.db import Base, make_engine
from backend.core.settings import Settings
from backend.tables import (
    AuditEvent,
    Contribution,
    Release,
    ReleaseItem,
    Review,
    Screening,
    Training,
    TrainingFold,
    Upload,
    UploadPiece,
    Worker,
)
from backend.tables.releases import Facts
from tests.conftest import DATABASE_SERVER, NO_DATABASE_SERVER, postgresql_database

WORDS = {"role": "admin", "status": "queued", "state": "draft", "verdict": "reject"}
"""Columns that take only some words."""

RENAMED = {"arrivals": "uploads"}
"""Tables whose names a migration changes."""

KINDS = {"arrivals": {"state": "done"}, "installation": {"key_origin": "made"}}
"""The same, where a table has words of its own."""

REWRITTEN = {"trainings": {"settings"}}
"""What a migration means to change, which has a test of its own."""

REVISIONS = [
    each.revision for each in ScriptDirectory.from_config(migrations.config("")).walk_revisions()
][::-1]
"""From the first to the newest."""

Contents = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'pocovid.sqlite3'}"
    elif DATABASE_SERVER is None:
        pytest.skip(NO_DATABASE_SERVER)
    else:
        with postgresql_database() as made:
            yield Settings(database_url=made).database_url


def tables(url: str) -> set[str]:
    engine = make_engine(Settings(database_url=url))
    names = _names(engine)
    engine.dispose()
    return names


def test_upgrade_makes_the_tables_as_the_code_has_them(url: str) -> None:
    migrations.upgrade(url)
    engine = make_engine(Settings(database_url=url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()
    assert tables(url) == set(Base.metadata.tables)


def test_upgrade_a_second_time_changes_nothing(url: str) -> None:
    migrations.upgrade(url)
    migrations.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)


def test_downgrade_leaves_nothing_and_upgrade_comes_back(url: str) -> None:
    migrations.upgrade(url)
    migrations.downgrade(url, "base")
    assert tables(url) == set()
    migrations.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)


def test_no_migration_up_or_down_loses_a_row_or_changes_what_it_does_not_mean_to(url: str) -> None:
    """Every table gets a row as soon as it is there; what both sides know of it stays equal."""
    migrations.upgrade(url, REVISIONS[0])
    engine = make_engine(Settings(database_url=url))
    filled: set[str] = set()
    before = _fill_new_tables(engine, filled)
    for revision in REVISIONS[1:]:
        migrations.upgrade(url, revision)
        _assert_kept(before, _contents(engine), revision)
        before = _fill_new_tables(engine, filled)
    assert {RENAMED.get(name, name) for name in filled} == set(Base.metadata.tables)
    for revision in reversed(REVISIONS[:-1]):
        migrations.downgrade(url, revision)
        after = _contents(engine)
        _assert_kept(before, after, f"back to {revision}")
        before = after
    engine.dispose()


def _fill_new_tables(engine: Engine, filled: set[str]) -> Contents:
    """Put a row into each table that is not in `filled` yet; what all of them hold then."""
    now, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
    if new := _names(engine) - filled - {RENAMED.get(name) for name in filled}:
        reflected = MetaData()
        reflected.reflect(engine, only=sorted(new))
        with engine.begin() as connection:
            for table in (each for each in reflected.sorted_tables if each.name in new):
                connection.execute(insert(table).values(_anything(table, now, some_id)))
        filled |= new
    return _contents(engine)


def _contents(engine: Engine) -> Contents:
    """Each table's rows, by the names of their columns."""
    with engine.connect() as connection:
        return {
            name: [
                dict(row)
                for row in connection.execute(select(text("*")).select_from(table(name))).mappings()
            ]
            for name in _names(engine)
        }


def _names(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def _assert_kept(before: Contents, after: Contents, step: str) -> None:
    before, after = ({RENAMED.get(k, k): v for k, v in each.items()} for each in (before, after))
    for name in before.keys() & after.keys():
        for row, new in zip(before[name], after[name], strict=True):
            known = (row.keys() & new.keys()) - REWRITTEN.get(name, set())
            changed = {key: (row[key], new[key]) for key in known if row[key] != new[key]}
            assert (step, name, changed) == (step, name, {})


def test_screenings_of_before_have_clients_get_one_that_nobody_is(url: str) -> None:
    migrations.upgrade(url, "0001")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    with engine.begin() as connection:
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables["recordings"], before.tables["screenings"]):
            connection.execute(insert(table).values(_anything(table, now, some_id)))
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(select(Screening.client)).scalars().all() == [""]
    engine.dispose()


def test_trainings_of_before_augmentation_was_a_choice_say_what_they_did(url: str) -> None:
    migrations.upgrade(url, "0005")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "releases", "trainings"):
            row = _anything(before.tables[table], now, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        connection.execute(update(Training).values(settings={"epochs": 3}))
    migrations.upgrade(url)
    with engine.connect() as connection:
        said = connection.execute(select(Training.settings)).scalar_one()
    assert said == {"epochs": 3, "augmentation": "paper"}
    migrations.downgrade(url, "0005")
    with engine.connect() as connection:
        assert connection.execute(select(Training.settings)).scalar_one() == {"epochs": 3}
    engine.dispose()


def test_what_was_half_sent_before_there_were_pieces_is_sent_from_the_start(url: str) -> None:
    migrations.upgrade(url, "0007")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in ("users", "submissions"):
            row = _anything(before.tables[table], now, some_id)
            connection.execute(insert(before.tables[table]).values(row))
        arrivals = before.tables["arrivals"]
        for state, arrival_id in (("receiving", uuid4()), ("queued", uuid4())):
            row = _anything(arrivals, now, some_id) | {"state": state, "received": 5}
            row["id"] = arrival_id if isinstance(arrivals.c.id.type, Uuid) else arrival_id.hex
            row["entry"] = None
            connection.execute(insert(arrivals).values(row))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(Upload.state, Upload.received)).all()
    assert {each.state: each.received for each in found} == {"receiving": 0, "queued": 5}
    engine.dispose()


def test_attempts_of_before_losses_were_counted_are_losses_but_for_the_one_under_way(
    url: str,
) -> None:
    """Before, an attempt that a worker did not lose was taken back; the bound stays what it was."""
    migrations.upgrade(url, "0008")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    now = datetime(2025, 3, 1, tzinfo=UTC)
    cases = [("queued", 2, 2), ("running", 2, 1), ("running", 0, 0), ("done", 2, 0)]
    expected = [(number, lost) for number, (_, _, lost) in enumerate(cases, start=1)]
    with engine.begin() as connection:
        before.reflect(connection)

        def add(name: str, number: int = 1, **values: Any) -> None:
            table = before.tables[name]
            row = _anything(table, now, UUID(int=1))
            if "id" in row:
                row["id"] = _anything(table, now, UUID(int=number))["id"]
            row |= {key: number for key in ("number", "fold") if key in row}
            connection.execute(insert(table).values(row | values))

        for name in ("users", "recordings", "submissions", "workers"):
            add(name)
        for number, (state, attempt, _) in enumerate(cases, start=1):
            add("screenings", number, status=state, attempt=attempt, total=number)
            add("arrivals", number, state=state, attempt=attempt, bytes=number, entry=None)
            add("releases", number, state=state, attempt=attempt)
        for number, (state, attempt, _) in enumerate(cases[:3], start=1):
            beat = now if state == "running" else None
            add("trainings", number, attempt=attempt, heartbeat_at=beat)
        for number, (state, attempt, _) in enumerate(cases, start=1):
            add("training_folds", number, state=state, attempt=attempt)
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            for key, lost in (
                (Screening.total, Screening.lost),
                (Upload.bytes, Upload.lost),
                (Release.number, Release.lost),
                (TrainingFold.fold, TrainingFold.lost),
            ):
                found = [
                    tuple(each) for each in connection.execute(select(key, lost).order_by(key))
                ]
                assert (lost.class_.__name__, found) == (lost.class_.__name__, expected)
            losses = select(Training.assembly_lost).order_by(Training.id)
            assert connection.execute(losses).scalars().all() == [2, 1, 0]
            assert connection.execute(select(Screening.due_at)).scalars().all() == [None] * 4
            worker = connection.execute(select(Worker.kind, Worker.taken_at, Worker.idle_since))
            assert worker.one() == ("worker", None, None)
        migrations.downgrade(url, "0008")
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
            row = _anything(before.tables[table], now, some_id) | others.get(table, {})
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


def test_releases_and_trainings_of_before_groups_merged_leave_nothing_out(url: str) -> None:
    migrations.upgrade(url, "0010")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    names = ["users", "submissions", "contributions", "releases", "fold_assignments"]
    with engine.begin() as connection:
        before.reflect(connection)
        now, some_id = datetime(2025, 3, 1, tzinfo=UTC), uuid4()
        for table in (before.tables[each] for each in [*names, "release_items", "trainings"]):
            connection.execute(insert(table).values(_anything(table, now, some_id)))
    migrations.upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(select(ReleaseItem.copies, ReleaseItem.left_out)).all()
        assert [tuple(each) for each in found] == [(None, False)]
        assert connection.execute(select(Training.left_out)).scalars().all() == [[]]
    migrations.downgrade(url, "0010")
    migrations.upgrade(url)
    engine.dispose()


FILE = {"key": "published/a/b.png", "bytes": 9, "sha256": "0" * 64, "crc32": 2**32 - 1}


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
        for table in (before.tables[each] for each in names):
            connection.execute(insert(table).values(_anything(table, moment, some_id)))
        items, releases = before.tables["release_items"], before.tables["releases"]
        row = _anything(items, moment, some_id) | {"label": "viral", "probe": "linear"}
        connection.execute(insert(items).values(row | {"files": old}))
        facts = {"width": 64, "height": 48, "frames": 1, "rate": ""}
        connection.execute(update(items).values(facts=facts))
        for number, files in ((2, {}), (3, {"files": old[:1]})):
            made = _anything(releases, moment, some_id) | {"number": number, "files": files}
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
        assert [[each.path for each in top.files] for top in tops] == [[], [], ["0.png"]]
    migrations.downgrade(url, "0012")
    with engine.connect() as connection:
        kept = connection.execute(select(items.c.files).order_by(items.c.release_number))
        assert kept.scalars().all() == [old, None, None]
    engine.dispose()


def test_audit_events_get_their_new_names_and_still_cannot_be_changed(url: str) -> None:
    names = {
        "reviews.given": "reviews.submitted",
        "dataset.bytes_deleted": "contributions.bytes_deleted",
        "dataset.ingested_not": "contributions.deidentification_failed",
        "reviews.approved": "reviews.approved",
    }
    actions = select(AuditEvent.action).order_by(AuditEvent.id)
    migrations.upgrade(url, "0016")
    engine = make_engine(Settings(database_url=url))
    with engine.begin() as connection:
        for action in names:
            connection.execute(
                insert(AuditEvent).values(
                    at=datetime(2025, 3, 1, tzinfo=UTC),
                    actor_role="service",
                    action=action,
                    subject_kind="contribution",
                    subject_id="1",
                    detail={},
                )
            )
    migrations.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(actions).scalars().all() == list(names.values())
    for change in (update(AuditEvent).values(action="x"), delete(AuditEvent)):
        with (
            engine.connect() as connection,
            pytest.raises(DatabaseError, match="audit_events are never changed"),
        ):
            connection.execute(change)
    migrations.downgrade(url, "0016")
    with engine.connect() as connection:
        assert connection.execute(actions).scalars().all() == list(names)
    with (
        engine.connect() as connection,
        pytest.raises(DatabaseError, match="audit_events are never changed"),
    ):
        connection.execute(delete(AuditEvent))
    engine.dispose()


def _anything(table: Table, now: datetime, some_id: UUID) -> dict[str, Any]:
    """A value for each column that needs one."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in WORDS:
            values[column.name] = WORDS[column.name]
        elif isinstance(column.type, JSON) and not column.nullable:
            values[column.name] = {}
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        elif column.primary_key or (column.foreign_keys and not column.nullable):
            values[column.name] = some_id if isinstance(column.type, Uuid) else some_id.hex
        elif not column.nullable:
            kind = column.type.python_type
            values[column.name] = now if kind is datetime else kind(1)
    return values | KINDS.get(table.name, {})


def test_jobs_of_before_the_columns_had_one_name_keep_their_moments_and_states(url: str) -> None:
    migrations.upgrade(url, "0013")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    told, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
    with engine.begin() as connection:
        before.reflect(connection)
        for name in ("users", "recordings", "submissions", "screenings", "contributions",
                     "arrivals", "upload_pieces", "releases", "trainings",
                     "training_folds"):  # fmt: skip
            row = _anything(before.tables[name], told, some_id)
            if name == "trainings":
                row |= {"state": "running", "heartbeat_at": told, "attempt": 3}
            told_of = {"nudged_at", "prep_queued_at", "ingest_queued_at"} & set(
                before.tables[name].columns.keys()
            )
            row |= dict.fromkeys(told_of, told)
            if name == "screenings":
                row["status"] = "running"
            connection.execute(insert(before.tables[name]).values(row))
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            for column in (
                Screening.notified_at,
                Upload.notified_at,
                Release.notified_at,
                TrainingFold.notified_at,
                Training.assembly_notified_at,
                Contribution.prep_notified_at,
                Contribution.ingest_notified_at,
            ):
                assert connection.execute(select(column)).scalar_one() == told
            assert connection.execute(select(Screening.state)).scalar_one() == "running"
            assert connection.execute(select(UploadPiece.upload_id)).scalar_one() == some_id
            assembly = select(Training.assembly_state, Training.assembly_attempt)
            assert connection.execute(assembly).one() == ("running", 3)
        migrations.downgrade(url, "0013")
    with engine.connect() as connection:
        nudged = select(text("nudged_at")).select_from(table("arrivals"))
        assert len(connection.execute(nudged).all()) == 1
        status = select(text("status")).select_from(table("screenings"))
        assert connection.execute(status).scalar_one() == "running"
    engine.dispose()
