"""Making a release: what is in it, what is not, and that it comes out the same whatever happens."""

import csv
import hashlib
import io
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from backend.core.db import now
from backend.releases import repository, service
from backend.releases.archive import of_release
from backend.storage.base import MissingObjectError
from backend.storage.keys import dataset_folder, published_folder
from backend.submissions.fields import FORMULA_STARTS
from backend.tables import AuditEvent, Contribution, Release, ReleaseItem
from backend.tables.releases import Counts, Difference, Relabelled, ReleaseSummary
from backend.tables.vocabulary import Label
from models.data.index import METADATA, read_index
from models.data.metadata import read_metadata
from tests import names
from tests.factories_releases import create_ingested
from tests.worker.house import House
from worker.releases import files as release_files
from worker.releases import task as tasks


@pytest.fixture
def three(house: House) -> list[UUID]:
    """Three contributions that are ready, one of each class; two of one patient."""
    with house.database.write() as session:
        found = [
            create_ingested(session, house.storage, label="covid19", patient_hash="a" * 64),
            create_ingested(session, house.storage, label="healthy", patient_hash="a" * 64),
            create_ingested(session, house.storage, label="pneumonia", kind="image"),
        ]
        session.commit()
        return [each.id for each in found]


def ask(house: House, note: str = "") -> int:
    with house.database.write() as session:
        number = service.create(session, None, note).number
        session.commit()
    return number


def make(house: House, note: str = "") -> int:
    number = ask(house, note)
    finish(house, number)
    return number


def finish(house: House, number: int) -> None:
    """Give the task its turn until it steps aside no more, as a busy machine makes it."""
    while row(house, number).state == "queued":
        tasks.release.run(str(number))


def row(house: House, number: int) -> Release:
    with house.database.read() as session:
        found = repository.get(session, number)
        assert found is not None
        return found


def members(house: House, number: int) -> dict[UUID, ReleaseItem]:
    with house.database.read() as session:
        return {each.contribution_id: each for each in repository.items(session, number)}


def change(house: House, contribution_id: UUID, **values: Any) -> None:
    with house.database.write() as session:
        contribution = session.get(Contribution, contribution_id)
        for name, value in values.items():
            setattr(contribution, name, value)
        session.commit()


def withdraw(house: House, contribution_id: UUID) -> None:
    change(house, contribution_id, state="withdrawn", withdrawn_at=now())
    house.storage.delete_folder(dataset_folder(contribution_id))
    house.storage.delete_folder(published_folder(contribution_id))


def summary_of(release: Release) -> ReleaseSummary:
    """What is kept of a release that is done."""
    assert release.summary is not None
    return release.summary


def archive(house: House, number: int) -> bytes:
    found = row(house, number)
    files = [*found.files.files]
    files += [f for each in members(house, number).values() if each.files for f in each.files.all()]
    made = of_release(number, found.created_at, files)
    return b"".join(made.read(0, made.size, house.storage.open))


def unpacked(house: House, number: int) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive(house, number))) as found:
        return {
            name.removeprefix(f"pocovid-release-{number}/"): found.read(name)
            for name in found.namelist()
        }


def test_it_ends_done_with_everything_in_it(house: House, three: list[UUID]) -> None:
    number = make(house, "The first one")

    found = row(house, number)
    assert (found.state, found.error, found.done, found.total) == ("done", None, 3, 3)
    assert found.archive_bytes == len(archive(house, number))
    summary = summary_of(found)
    assert (summary.recordings, summary.frames, summary.patients) == (3, 5, 1)
    covid19, pneumonia = summary.classes[:2]
    assert covid19.convex == Counts(videos=1, images=0, frames=2)
    assert pneumonia.convex == Counts(videos=0, images=1, frames=1)
    assert summary.diff is not None
    assert summary.diff.added == sorted(three)


def test_its_layout_is_the_public_one(house: House, three: list[UUID], tmp_path: Any) -> None:
    number = make(house)
    with zipfile.ZipFile(io.BytesIO(archive(house, number))) as found:
        found.extractall(tmp_path / "unpacked")
    index = read_index(tmp_path / "unpacked" / "pocovid-release-1")
    assert {(e.label, e.probe, e.kind) for e in index.entries} == {
        ("covid19", "convex", "video"),
        ("healthy", "convex", "video"),
        ("pneumonia", "convex", "image"),
    }
    assert index.rows_without_file == index.files_without_row == ()
    patients = [entry.patient for entry in index.entries]
    assert min(patients) == ""
    assert len({each for each in patients if each}) == 1


def test_nothing_private_is_published(house: House, three: list[UUID]) -> None:
    for one in three:
        change(house, one, file_name=f"Mrs-Example-{one.hex}.mp4", note="lives in Example Street")
    number = make(house)
    everything = b"".join(unpacked(house, number).values()) + archive(house, number)
    with house.database.read() as session:
        for each in session.scalars(select(Contribution)):
            for secret in (each.file_name, each.patient_hash, each.sha256, each.note):
                assert not secret or secret.encode() not in everything


def test_every_file_is_listed_with_its_checksum(house: House, three: list[UUID]) -> None:
    number = make(house)
    files = unpacked(house, number)
    lines = [line.split("  ", 1) for line in files["SHA256SUMS"].decode().splitlines()]
    listed = {name: digest for digest, name in lines}
    assert set(listed) == set(files) - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name]).hexdigest() == digest


def test_the_table_says_what_the_reviewers_decided(house: House, three: list[UUID]) -> None:
    change(house, three[0], md_comment="=cmd|'/c calc'!A1", blue_point="left_lower", sex="female")
    number = make(house)
    text = unpacked(house, number)["dataset_metadata.csv"].decode()
    lines = {line["Filename"]: line for line in csv.DictReader(io.StringIO(text))}
    line = lines[str(three[0])]
    assert (line["Label"], line["License"], line["Attribution"]) == (
        "COVID-19",
        "CC BY 4.0",
        "A hospital",
    )
    assert line["LinkToLicense"].startswith("https://creativecommons.org/licenses/by/4.0")
    assert (line["B-lines"], line["Effusion"], line["A-lines"]) == ("1", "0", "")
    assert line["Comments first medical doctor (MD1)"] == "'=cmd|'/c calc'!A1"
    assert (line["Framerate"], line["Resolution"], line["Length (frames)"]) == ("2.0", "64x64", "4")
    assert (line["BLUE point"], line["Gender"]) == ("left_lower", "F")
    assert line["File"] == f"pocus_videos/convex/{three[0]}.mp4"


def test_the_row_has_no_column_that_the_table_lacks(house: House, three: list[UUID]) -> None:
    number = make(house)
    for each in members(house, number).values():
        assert set(each.row) <= set(release_files.COLUMNS)


def test_a_second_one_tells_what_has_changed(house: House, three: list[UUID]) -> None:
    first = make(house)
    withdraw(house, three[0])
    change(house, three[1], final_label="viral")
    change(house, three[2], md_comment="Seen again")
    with house.database.write() as session:
        new = create_ingested(session, house.storage, label="healthy").id
        session.commit()

    second = make(house)

    assert summary_of(row(house, second)).diff == Difference(
        since=first,
        added=[new],
        withdrawn=[three[0]],
        relabelled=[Relabelled(id=three[1], before=Label.HEALTHY, after=Label.VIRAL)],
        corrected=[three[2]],
    )
    assert f"added,{new},," in unpacked(house, second)["changes.csv"].decode()
    assert str(three[0]) not in unpacked(house, second)["dataset_metadata.csv"].decode()


def test_what_came_once_keeps_its_fold_and_its_date(house: House, three: list[UUID]) -> None:
    first = members(house, make(house))
    with house.database.write() as session:
        for n in range(12):
            create_ingested(session, house.storage, label="healthy", patient_hash=f"{n:064}")
        session.commit()
    change(house, three[2], patient_hash="a" * 64)  # learnt later: it does not move

    second = members(house, make(house))

    for contribution_id, before in first.items():
        after = second[contribution_id]
        assert after.fold == before.fold
        for column in ("Date added", "First release"):
            assert after.row[column] == before.row[column]
    assert first[three[2]].row["Patient ID / Name"] == ""
    assert second[three[2]].row["Patient ID / Name"] != ""
    healthy = [each.fold for each in second.values() if each.label == "healthy"]
    assert max(map(healthy.count, range(5))) - min(map(healthy.count, range(5))) <= 1


def test_pixels_that_a_later_review_changes_stay_in_the_earlier_release(
    house: House, three: list[UUID]
) -> None:
    first = make(house)
    before = unpacked(house, first)
    name = f"pocus_images/convex/{three[2]}.png"
    with house.database.write() as session:
        contribution = session.get(Contribution, three[2])
        assert contribution is not None
        other = create_ingested(session, house.storage, kind="image")
        assert contribution.pixels_key is not None
        assert other.pixels_key is not None
        with house.storage.open(other.pixels_key) as file:
            changed = file.read() + b"!"
        house.storage.put_bytes(contribution.pixels_key, changed)
        contribution.pixels_sha256 = hashlib.sha256(changed).hexdigest()
        session.commit()

    second = make(house)

    assert unpacked(house, first) == before
    assert unpacked(house, second)[name] == changed != before[name]


class TestWithdrawnMeanwhile:
    def test_what_is_withdrawn_before_its_turn_is_left_out(
        self, house: House, three: list[UUID]
    ) -> None:
        number = ask(house)
        withdraw(house, three[0])
        finish(house, number)
        assert set(members(house, number)) == set(three[1:])
        assert summary_of(row(house, number)).recordings == 2
        assert (row(house, number).done, row(house, number).total) == (2, 2)

    def test_what_is_withdrawn_while_it_is_copied_leaves_no_bytes(
        self, house: House, three: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = ask(house)
        real = tasks._copied

        def copied_after(contribution: Contribution) -> Any:
            found = real(contribution)
            if contribution.id == three[0]:
                change(house, three[0], state="withdrawn")
            return found

        monkeypatch.setattr(tasks, "_copied", copied_after)
        finish(house, number)
        assert set(members(house, number)) == set(three[1:])
        assert not list(house.storage.listing(published_folder(three[0])))

    def test_with_everything_withdrawn_there_is_no_release(
        self, house: House, three: list[UUID]
    ) -> None:
        number = ask(house)
        for each in three:
            withdraw(house, each)
        finish(house, number)
        assert (row(house, number).state, row(house, number).error) == (
            "failed",
            tasks.EMPTY.message,
        )

    def test_pixels_that_are_missing_without_a_withdrawal_fail_it(
        self, house: House, three: list[UUID]
    ) -> None:
        number = ask(house)
        house.storage.delete_folder(dataset_folder(three[0]))
        finish(house, number)
        assert row(house, number).state == "failed"
        assert "missing" in (row(house, number).error or "")


def test_the_sweep_takes_what_no_release_serves(house: House, three: list[UUID]) -> None:
    number = make(house)
    before = archive(house, number)
    stranger = published_folder(uuid4())
    house.storage.put_bytes(f"{stranger}/{'0' * 64}.png", b"left by a killed worker")
    house.storage.put_bytes("releases/1/7/readme.md", b"of an attempt that was overtaken")
    change(house, three[0], state="withdrawn")

    assert tasks.sweep(now() - timedelta(hours=1)) == 0, "it may still be written"
    gone = tasks.sweep(now() + timedelta(hours=1))

    assert gone == 2 + 3
    assert not list(house.storage.listing(stranger))
    assert not list(house.storage.listing(published_folder(three[0])))
    change(house, three[0], state="approved")
    with pytest.raises(MissingObjectError):
        archive(house, number)
    assert len(before) == row(house, number).archive_bytes


def test_each_step_is_in_the_audit_log(house: House, three: list[UUID]) -> None:
    make(house)
    with house.database.read() as session:
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["releases.requested", "releases.published"]


def test_nothing_happens_where_no_release_waits(house: House) -> None:
    tasks.release.run("1")


def test_every_source_and_comment_comes_back_as_it_was_given(house: House) -> None:
    """From the row by way of the release's table to whoever reads it, also our own reader."""
    said = [text for text in names.ODD_TEXTS if not text.startswith(FORMULA_STARTS)]
    comments = [*said, "=1+1", "- one", "@two", "+3"]
    with house.database.write() as session:
        for number, comment in enumerate(comments):
            create_ingested(
                session, house.storage, label=("covid19", "healthy", "pneumonia")[number % 3],
                kind="image", source=comment if comment in said else "A", md_comment=comment,
            )  # fmt: skip
        session.commit()
        given = {
            str(each.id): (each.source, each.md_comment)
            for each in session.scalars(select(Contribution))
        }
    number = make(house)
    (table,) = [each for name, each in unpacked(house, number).items() if name.endswith(METADATA)]
    rows = list(csv.DictReader(io.StringIO(table.decode(), newline=""), strict=True))
    assert len(rows) == len(given)
    for each in rows:
        source, comment = given[each["Filename"]]
        assert (each["Source ID"], each["Attribution"]) == (source, source)
        guarded = comment.startswith(FORMULA_STARTS)
        published = each["Comments first medical doctor (MD1)"]
        assert published == (f"'{comment}" if guarded else comment)
        assert read_metadata(each).doctors == (comment,)
