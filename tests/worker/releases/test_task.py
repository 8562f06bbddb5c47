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

from backend.core.db import utc_now
from backend.releases import parts, repository, service
from backend.storage.base import MissingObjectError
from backend.storage.keys import dataset_folder, published_folder
from backend.submissions.fields import FORMULA_STARTS
from backend.tables import AuditEvent, Contribution, Release, ReleaseItem
from backend.tables.releases import Counts, Difference, Relabelled, Summary
from backend.tables.vocabulary import Label
from models.data.index import METADATA, read_index
from models.data.metadata import read_metadata
from tests import names
from tests.factories_releases import create_ingested
from tests.worker.deployment import Deployment
from worker.releases import files as release_files
from worker.releases import task as tasks


@pytest.fixture
def three(deployment: Deployment) -> list[UUID]:
    """Three contributions that are ready, one of each class; two of one patient."""
    with deployment.database.write() as session:
        found = [
            create_ingested(session, deployment.storage, label="covid19", patient_hash="a" * 64),
            create_ingested(session, deployment.storage, label="healthy", patient_hash="a" * 64),
            create_ingested(session, deployment.storage, label="pneumonia", kind="image"),
        ]
        session.commit()
        return [each.id for each in found]


def ask(deployment: Deployment, note: str = "") -> int:
    with deployment.database.write() as session:
        number = service.create(session, None, note).number
        session.commit()
    return number


def make(deployment: Deployment, note: str = "") -> int:
    number = ask(deployment, note)
    finish(deployment, number)
    return number


def finish(deployment: Deployment, number: int) -> None:
    """Give the task its turn until it steps aside no more, as a busy machine makes it."""
    while row(deployment, number).state == "queued":
        tasks.release.run(str(number))


def row(deployment: Deployment, number: int) -> Release:
    with deployment.database.read() as session:
        found = repository.get(session, number)
        assert found is not None
        return found


def members(deployment: Deployment, number: int) -> dict[UUID, ReleaseItem]:
    with deployment.database.read() as session:
        return {item.contribution_id: item for item in repository.items(session, number)}


def change(deployment: Deployment, contribution_id: UUID, **values: Any) -> None:
    with deployment.database.write() as session:
        contribution = session.get(Contribution, contribution_id)
        for name, value in values.items():
            setattr(contribution, name, value)
        session.commit()


def withdraw(deployment: Deployment, contribution_id: UUID) -> None:
    change(deployment, contribution_id, state="withdrawn", withdrawn_at=utc_now())
    deployment.storage.delete_folder(dataset_folder(contribution_id))
    deployment.storage.delete_folder(published_folder(contribution_id))


def summary_of(release: Release) -> Summary:
    """What is kept of a release that is done."""
    assert release.summary is not None
    return release.summary


def diff_of(deployment: Deployment, number: int) -> Difference:
    with deployment.database.read() as session:
        found = repository.diff(session, number)
    assert found is not None
    return found


def archive(deployment: Deployment, number: int) -> bytes:
    with deployment.database.read() as session:
        made = parts.open_archive(
            session, session.get_one(Release, number), deployment.database.read
        )
    return b"".join(made.read(0, made.size, deployment.storage.open))


def unpacked(deployment: Deployment, number: int) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive(deployment, number))) as found:
        return {
            name.removeprefix(f"pocovid-release-{number}/"): found.read(name)
            for name in found.namelist()
        }


def test_it_ends_done_with_everything_in_it(deployment: Deployment, three: list[UUID]) -> None:
    number = make(deployment, "The first one")

    found = row(deployment, number)
    assert (found.state, found.error, found.done, found.total) == ("done", None, 3, 3)
    assert found.archive_bytes == len(archive(deployment, number))
    summary = summary_of(found)
    assert (summary.recordings, summary.frames, summary.patients) == (3, 5, 1)
    covid19, pneumonia = summary.classes[:2]
    assert covid19.convex == Counts(videos=1, images=0, frames=2)
    assert pneumonia.convex == Counts(videos=0, images=1, frames=1)
    assert diff_of(deployment, number).added == sorted(three)


def test_its_layout_is_the_public_one(
    deployment: Deployment, three: list[UUID], tmp_path: Any
) -> None:
    number = make(deployment)
    with zipfile.ZipFile(io.BytesIO(archive(deployment, number))) as found:
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
    assert len({patient for patient in patients if patient}) == 1


def test_nothing_private_is_published(deployment: Deployment, three: list[UUID]) -> None:
    for one in three:
        change(
            deployment, one, file_name=f"Mrs-Example-{one.hex}.mp4", note="lives in Example Street"
        )
    number = make(deployment)
    everything = b"".join(unpacked(deployment, number).values()) + archive(deployment, number)
    with deployment.database.read() as session:
        for each in session.scalars(select(Contribution)):
            for secret in (each.file_name, each.patient_hash, each.sha256, each.note):
                assert not secret or secret.encode() not in everything


def test_every_file_is_listed_with_its_checksum(deployment: Deployment, three: list[UUID]) -> None:
    number = make(deployment)
    files = unpacked(deployment, number)
    lines = [line.split("  ", 1) for line in files["SHA256SUMS"].decode().splitlines()]
    listed = {name: digest for digest, name in lines}
    assert set(listed) == set(files) - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name]).hexdigest() == digest


def test_the_table_says_what_the_reviewers_decided(
    deployment: Deployment, three: list[UUID]
) -> None:
    change(
        deployment, three[0], md_comment="=cmd|'/c calc'!A1", blue_point="left_lower", sex="female"
    )
    number = make(deployment)
    text = unpacked(deployment, number)["dataset_metadata.csv"].decode()
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


def test_the_row_has_no_column_that_the_table_lacks(
    deployment: Deployment, three: list[UUID]
) -> None:
    number = make(deployment)
    for member in members(deployment, number).values():
        assert set(member.row) <= set(release_files.COLUMNS)


def test_a_second_one_tells_what_has_changed(deployment: Deployment, three: list[UUID]) -> None:
    first = make(deployment)
    withdraw(deployment, three[0])
    change(deployment, three[1], final_label="viral")
    change(deployment, three[2], md_comment="Seen again")
    with deployment.database.write() as session:
        new = create_ingested(session, deployment.storage, label="healthy").id
        session.commit()

    second = make(deployment)

    assert diff_of(deployment, second) == Difference(
        since=first,
        added=[new],
        withdrawn=[three[0]],
        relabelled=[Relabelled(id=three[1], before=Label.HEALTHY, after=Label.VIRAL)],
        corrected=[three[2]],
    )
    assert f"added,{new},," in unpacked(deployment, second)["changes.csv"].decode()
    assert str(three[0]) not in unpacked(deployment, second)["dataset_metadata.csv"].decode()


def test_what_came_once_keeps_its_fold_and_its_date(
    deployment: Deployment, three: list[UUID]
) -> None:
    first = members(deployment, make(deployment))
    with deployment.database.write() as session:
        for n in range(12):
            create_ingested(session, deployment.storage, label="healthy", patient_hash=f"{n:064}")
        session.commit()
    change(deployment, three[2], patient_hash="a" * 64)  # learnt later: it does not move

    second = members(deployment, make(deployment))

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
    deployment: Deployment, three: list[UUID]
) -> None:
    first = make(deployment)
    before = unpacked(deployment, first)
    name = f"pocus_images/convex/{three[2]}.png"
    with deployment.database.write() as session:
        contribution = session.get(Contribution, three[2])
        assert contribution is not None
        other = create_ingested(session, deployment.storage, kind="image")
        assert contribution.pixels_key is not None
        assert other.pixels_key is not None
        with deployment.storage.open(other.pixels_key) as file:
            changed = file.read() + b"!"
        deployment.storage.put_bytes(contribution.pixels_key, changed)
        contribution.pixels_sha256 = hashlib.sha256(changed).hexdigest()
        session.commit()

    second = make(deployment)

    assert unpacked(deployment, first) == before
    assert unpacked(deployment, second)[name] == changed != before[name]


class TestWithdrawnMeanwhile:
    def test_what_is_withdrawn_before_its_turn_is_left_out(
        self, deployment: Deployment, three: list[UUID]
    ) -> None:
        number = ask(deployment)
        withdraw(deployment, three[0])
        finish(deployment, number)
        assert set(members(deployment, number)) == set(three[1:])
        assert summary_of(row(deployment, number)).recordings == 2
        assert (row(deployment, number).done, row(deployment, number).total) == (2, 2)

    def test_what_is_withdrawn_while_it_is_copied_leaves_no_bytes(
        self, deployment: Deployment, three: list[UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = ask(deployment)
        real = tasks._copied

        def copied_after(contribution: Contribution) -> Any:
            found = real(contribution)
            if contribution.id == three[0]:
                change(deployment, three[0], state="withdrawn")
            return found

        monkeypatch.setattr(tasks, "_copied", copied_after)
        finish(deployment, number)
        assert set(members(deployment, number)) == set(three[1:])
        assert not list(deployment.storage.listing(published_folder(three[0])))

    def test_with_everything_withdrawn_there_is_no_release(
        self, deployment: Deployment, three: list[UUID]
    ) -> None:
        number = ask(deployment)
        for each in three:
            withdraw(deployment, each)
        finish(deployment, number)
        assert (row(deployment, number).state, row(deployment, number).error) == (
            "failed",
            tasks.EMPTY.message,
        )

    def test_pixels_that_are_missing_without_a_withdrawal_fail_it(
        self, deployment: Deployment, three: list[UUID]
    ) -> None:
        number = ask(deployment)
        deployment.storage.delete_folder(dataset_folder(three[0]))
        finish(deployment, number)
        assert row(deployment, number).state == "failed"
        assert "missing" in (row(deployment, number).error or "")


def test_its_archive_is_measured_when_it_is_made_and_after_a_withdrawal(
    deployment: Deployment, three: list[UUID]
) -> None:
    number = make(deployment)
    with deployment.database.read() as session:
        assert repository.not_measured(session) == []
        assert len(repository.archive_parts(session, number)) == 1
    change(deployment, three[0], state="withdrawn")
    with deployment.database.read() as session:
        assert repository.not_measured(session) == [number]
    tasks.measure_archives.work()
    with deployment.database.read() as session:
        assert repository.not_measured(session) == []
        (part,) = repository.archive_parts(session, number)
    assert part.withdrawn == f"{three[0]},pocus_videos/convex/{three[0]}.mp4\n"


def test_the_sweep_takes_what_no_release_serves(deployment: Deployment, three: list[UUID]) -> None:
    number = make(deployment)
    before = archive(deployment, number)
    orphan_folder = published_folder(uuid4())
    deployment.storage.put_bytes(f"{orphan_folder}/{'0' * 64}.png", b"left by a killed worker")
    deployment.storage.put_bytes("releases/1/7/readme.md", b"of an attempt that was overtaken")
    change(deployment, three[0], state="withdrawn")

    assert tasks.sweep(utc_now() - timedelta(hours=1)) == 0, "it may still be written"
    gone = tasks.sweep(utc_now() + timedelta(hours=1))

    assert gone == 2 + 3
    assert not list(deployment.storage.listing(orphan_folder))
    assert not list(deployment.storage.listing(published_folder(three[0])))
    change(deployment, three[0], state="approved")
    with pytest.raises(MissingObjectError):
        archive(deployment, number)
    assert len(before) == row(deployment, number).archive_bytes


def test_each_step_is_in_the_audit_log(deployment: Deployment, three: list[UUID]) -> None:
    make(deployment)
    with deployment.database.read() as session:
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["releases.requested", "releases.published"]


def test_nothing_happens_where_no_release_waits(deployment: Deployment) -> None:
    tasks.release.run("1")


def test_every_source_and_comment_comes_back_as_it_was_given(deployment: Deployment) -> None:
    """From the row by way of the release's table to whoever reads it, also our own reader."""
    said = [text for text in names.ODD_TEXTS if not text.startswith(FORMULA_STARTS)]
    comments = [*said, "=1+1", "- one", "@two", "+3"]
    with deployment.database.write() as session:
        for number, comment in enumerate(comments):
            create_ingested(
                session, deployment.storage, label=("covid19", "healthy", "pneumonia")[number % 3],
                kind="image", source=comment if comment in said else "A", md_comment=comment,
            )  # fmt: skip
        session.commit()
        given = {
            str(each.id): (each.source, each.md_comment)
            for each in session.scalars(select(Contribution))
        }
    number = make(deployment)
    (table,) = [
        each for name, each in unpacked(deployment, number).items() if name.endswith(METADATA)
    ]
    rows = list(csv.DictReader(io.StringIO(table.decode(), newline=""), strict=True))
    assert len(rows) == len(given)
    for each in rows:
        source, comment = given[each["Filename"]]
        assert (each["Source ID"], each["Attribution"]) == (source, source)
        guarded = comment.startswith(FORMULA_STARTS)
        published = each["Comments first medical doctor (MD1)"]
        assert published == (f"'{comment}" if guarded else comment)
        assert read_metadata(each).doctors == (comment,)
