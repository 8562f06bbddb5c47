"""What was sent becomes contributions, or is refused by name; nothing else stays behind."""

import errno
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.jobs.leases import LeaseLostError
from backend.storage.base import MissingObjectError
from backend.tables import AuditEvent, Contribution, Submission, Upload
from tests import archives, media_files
from tests.factories_contributions import create_submission, create_upload, store_upload
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment
from worker.uploads import outcomes
from worker.uploads import task as intake
from worker.uploads.archives import RefusedFileError
from worker.uploads.task import import_upload

FOLDERS = ("arrivals", "pieces", "contributions", "contribution-previews")


@pytest.fixture
def draft(deployment: Deployment) -> Submission:
    with deployment.database.write() as session:
        submission = create_submission(session)
        session.commit()
    return submission


def sent(
    deployment: Deployment, draft: Submission, name: str, content: bytes, **changes: Any
) -> UUID:
    """A file that is all here."""
    with deployment.database.write() as session:
        size = len(content)
        upload = create_upload(session, draft, file_name=name, bytes=size, received=size, **changes)
        session.commit()
    store_upload(deployment.storage, upload, content)
    return upload.id


def row(deployment: Deployment, upload_id: UUID) -> Upload:
    with deployment.database.read() as session:
        return session.scalars(select(Upload).where(Upload.id == upload_id)).one()


def entries(deployment: Deployment, upload_id: UUID) -> Sequence[Upload]:
    query = select(Upload).where(Upload.parent_id == upload_id).order_by(Upload.entry)
    with deployment.database.read() as session:
        return session.scalars(query).all()


def contributions(deployment: Deployment) -> Sequence[Contribution]:
    with deployment.database.read() as session:
        return session.scalars(select(Contribution).order_by(Contribution.file_name)).all()


def stored(deployment: Deployment) -> set[str]:
    found = {each.key for folder in FOLDERS for each in deployment.storage.listing(folder)}
    return found | {path.name for path in deployment.settings.incoming_dir.iterdir()}


class TestRecordings:
    def test_become_contributions_with_their_bytes(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        content = media_files.video()
        upload_id = sent(deployment, draft, "ward 3/lung.mp4", content)
        import_upload(str(upload_id))
        (made,) = contributions(deployment)
        found = row(deployment, upload_id)
        assert (found.state, found.kind, found.contribution_id) == ("done", "recording", made.id)
        assert (made.state, made.kind, made.file_name) == ("draft", "video", "ward 3/lung.mp4")
        assert len(made.fingerprints) >= 1
        assert made.original_key is not None
        with deployment.storage.open(made.original_key) as file:
            assert file.read() == content
        assert stored(deployment) == {made.original_key, made.preview_key}

    def test_are_noted_without_a_name(self, deployment: Deployment, draft: Submission) -> None:
        import_upload(str(sent(deployment, draft, "Jane Doe.mp4", media_files.video())))
        with deployment.database.read() as session:
            (event,) = session.scalars(select(AuditEvent)).all()
        assert event.action == "contributions.created"
        assert "Jane" not in str(event.detail)

    @pytest.mark.parametrize("name", [name for name in media_files.BAD if name != "empty.png"])
    def test_that_are_bad_are_refused_with_their_reason(
        self, deployment: Deployment, draft: Submission, name: str
    ) -> None:
        make, _, codes = media_files.BAD[name]
        upload_id = sent(deployment, draft, name, make())
        import_upload(str(upload_id))
        found = row(deployment, upload_id)
        assert found.state == "failed"
        assert found.error_code in codes
        assert found.error_message
        assert stored(deployment) == set()
        assert contributions(deployment) == []

    def test_are_filled_from_a_manifest_that_came_before(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        manifest = b"file_name,label,patient\nlung.mp4,covid19,17\n"
        sent(deployment, draft, "labels.csv", manifest)
        sent(deployment, draft, "Lung.mp4", media_files.video())
        import_upload("")
        import_upload("")
        (made,) = contributions(deployment)
        assert made.label == "covid19"
        assert made.patient_hash is not None
        assert "17" not in made.patient_hash[:2]
        with deployment.database.read() as session:
            kept = session.scalars(select(Submission.manifest)).one()
        (kept_row,) = kept.values()
        assert set(kept_row["values"]) == {"label", "patient_hash"}

    def test_larger_than_a_file_may_be_are_refused_whatever_their_name(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, max_upload_bytes=1000)
        upload_id = sent(deployment, draft, "really.zip", media_files.video())
        import_upload("")
        assert row(deployment, upload_id).error_code == "file_too_large"


class TestManifests:
    def test_fill_what_is_there_and_name_each_bad_row(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        sent(deployment, draft, "a.mp4", media_files.video())
        import_upload("")
        manifest = "file_name;label\na.mp4;healthy\nb.mp4;healthy\nc.mp4;flu\n".encode("utf-16")
        upload_id = sent(deployment, draft, "labels.csv", manifest)
        import_upload("")
        assert contributions(deployment)[0].label == "healthy"
        found = row(deployment, upload_id)
        assert (found.state, found.kind) == ("done", "manifest")
        assert [each["line"] for each in found.report if each["problem"]] == [3, 4]

    def test_that_are_none_are_refused(self, deployment: Deployment, draft: Submission) -> None:
        upload_id = sent(deployment, draft, "labels.csv", b"a,b\n1,2\n")
        import_upload("")
        assert row(deployment, upload_id).error_code == "bad_manifest"


class TestArchives:
    def test_are_taken_in_file_by_file(self, deployment: Deployment, draft: Submission) -> None:
        manifest = b"file_name,label\n000,pneumonia\nward/001.png,healthy\n"
        files = archives.pictures(3) | {
            "labels.csv": manifest,
            "__MACOSX/._000.png": b"x",
            "ward/.DS_Store": b"x",
        }
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(files))
        import_upload("")
        found = row(deployment, upload_id)
        assert (found.state, found.kind, found.done, found.total) == ("done", "archive", 4, 4)
        made = contributions(deployment)
        assert [each.file_name for each in made] == [f"ward/00{n}.png" for n in range(3)]
        assert [each.label for each in made] == ["pneumonia", "healthy", None]
        assert len(stored(deployment)) == 6
        assert {entry.state for entry in entries(deployment, upload_id)} == {"done"}

    @pytest.mark.parametrize("name", archives.REFUSED)
    def test_that_are_hostile_are_refused_as_a_whole(
        self, deployment: Deployment, draft: Submission, name: str
    ) -> None:
        make, code = archives.REFUSED[name]
        upload_id = sent(deployment, draft, "ward.zip", make())
        import_upload("")
        found = row(deployment, upload_id)
        assert (found.state, found.error_code) == ("failed", code)
        assert found.error_message
        assert entries(deployment, upload_id) == []
        assert stored(deployment) == set()

    @pytest.mark.parametrize("name", archives.FAILING)
    def test_name_the_one_file_that_cannot_be_used(
        self, deployment: Deployment, draft: Submission, name: str
    ) -> None:
        make, code = archives.FAILING[name]
        upload_id = sent(deployment, draft, "ward.zip", make())
        import_upload("")
        assert row(deployment, upload_id).state == "done"
        (entry,) = entries(deployment, upload_id)
        assert (entry.state, entry.error_code) == ("failed", code)
        assert stored(deployment) == set()

    def test_go_on_after_an_error_of_ours_which_is_raised_at_the_end(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(3)))
        calls: list[Path] = []

        def inspect(path: Path) -> Any:
            calls.append(path)
            return outcomes.inspect(path) if len(calls) != 2 else 1 / 0

        monkeypatch.setattr("worker.uploads.task.inspect", inspect)
        with pytest.raises(ZeroDivisionError):
            import_upload("")
        assert row(deployment, upload_id).state == "done"
        ended = [(entry.state, entry.error_code) for entry in entries(deployment, upload_id)]
        assert ended == [("done", None), ("failed", "internal_error"), ("done", None)]

    def test_keep_the_good_files_beside_a_bad_one(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        files = archives.pictures(2) | {"letter.doc": b"Dear all" * 50}
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(files))
        import_upload("")
        assert [entry.state for entry in entries(deployment, upload_id)] == [
            "done",
            "done",
            "failed",
        ]
        assert len(contributions(deployment)) == 2

    @pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
    def test_take_one_of_two_files_with_a_name(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        first, second = archives.pictures(2).values()
        content = archives.packed({"a.png": first, "b.png": second}, zipfile.ZIP_STORED)
        upload_id = sent(deployment, draft, "ward.zip", content.replace(b"b.png", b"a.png"))
        import_upload("")
        one, other = entries(deployment, upload_id)
        assert (one.state, other.error_code) == ("done", "duplicate_name")
        assert len(contributions(deployment)) == 1

    def test_have_names_in_the_letters_they_were_packed_with(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        """As macOS packs (UTF-8 without the flag), as DOS does, and with Info-ZIP's extra field."""
        kinds = {
            "scans/Lunge-u\u0308_1.png".encode(): ("scans/Lunge-u\u0308_1.png", b""),
            b"scans/gr\x94\xe1e.png": ("scans/größe.png", b""),
            b"scans/_.png": ("scans/肺.png", archives.unicode_path(b"scans/_.png", "scans/肺.png")),
            b"scans/c.png": ("scans/c.png", archives.unicode_path(b"another.png", "no.png")),
        }
        content = archives.with_stored_names({name: extra for name, (_, extra) in kinds.items()})
        sent(deployment, draft, "labels.csv", "file_name,label\nLunge-ü_1.png,healthy\n".encode())
        upload_id = sent(deployment, draft, "macos.zip", content)
        import_upload("")
        import_upload("")
        made = {
            contribution.file_name: contribution.label for contribution in contributions(deployment)
        }
        assert set(made) == {name for name, _ in kinds.values()}
        assert made["scans/Lunge-u\u0308_1.png"] == "healthy"
        assert row(deployment, upload_id).state == "done"

    def test_tables_in_two_of_equal_names_keep_to_their_own_files(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        pictures = archives.pictures(2).values()
        for picture, label in zip(pictures, ("covid19", "healthy"), strict=True):
            table = f"file_name,label\n1.png,{label}\n".encode()
            sent(
                deployment, draft, "export.zip", archives.packed({"m.csv": table, "1.png": picture})
            )
            import_upload("")
        made = {contribution.label for contribution in contributions(deployment)}
        assert made == {"covid19", "healthy"}

    def test_tell_how_many_files_were_skipped(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        files = archives.pictures(1) | {"Thumbs.db": b"x", "a/.DS_Store": b"x", ".b.png": b"x"}
        upload_id = sent(deployment, draft, "x.zip", archives.packed(files))
        import_upload("")
        (said,) = row(deployment, upload_id).report
        assert said["note"] is not None
        assert said["note"].startswith("3 files that computers keep for themselves")
        assert len(contributions(deployment)) == 1

    def test_keep_two_names_apart_that_differ_in_case(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        first, second = archives.pictures(2).values()
        sent(deployment, draft, "x.zip", archives.packed({"a.png": first, "A.png": second}))
        import_upload("")
        assert [contribution.file_name for contribution in contributions(deployment)] == [
            "A.png",
            "a.png",
        ]

    def test_of_one_name_composed_and_not_have_one_refused(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        first, second = archives.pictures(2).values()
        content = archives.packed({"\u00fc.png": first, "u\u0308.png": second})
        upload_id = sent(deployment, draft, "x.zip", content)
        import_upload("")
        one, other = entries(deployment, upload_id)
        assert (one.state, other.error_code) == ("done", "duplicate_name")

    @pytest.mark.parametrize("name", archives.OFFICE)
    @pytest.mark.parametrize("sent_as", ["labels.xlsx", "labels.csv", "labels"])
    def test_that_are_office_files_are_refused_in_one_sentence(
        self, deployment: Deployment, draft: Submission, name: str, sent_as: str
    ) -> None:
        make, code = archives.OFFICE[name]
        upload_id = sent(deployment, draft, sent_as, make())
        import_upload("")
        found = row(deployment, upload_id)
        assert (found.state, found.error_code) == ("failed", code)
        assert entries(deployment, upload_id) == []

    def test_with_more_files_than_a_submission_holds(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("backend.submissions.uploads.limits.MAX_FILES", 2)
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(3)))
        import_upload("")
        assert row(deployment, upload_id).error_code == "too_many_files"
        assert stored(deployment) == set()

    def test_that_the_disk_has_no_room_for(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, min_free_bytes=10**18)
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(3)))
        import_upload("")
        assert row(deployment, upload_id).error_code == "storage_full"

    def test_in_a_bucket_need_room_here_for_one_file_at_a_time(
        self, bucket_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with bucket_deployment.database.write() as session:
            draft = create_submission(session)
            session.commit()
        pictures = archives.pictures(3)
        upload_id = sent(bucket_deployment, draft, "ward.zip", archives.packed(pictures))
        free = max(len(content) for content in pictures.values()) + 1000
        with_settings(monkeypatch, min_free_bytes=1000)
        monkeypatch.setattr(type(bucket_deployment.storage), "free_bytes", lambda _: free)
        import_upload("")
        assert row(bucket_deployment, upload_id).state == "done"
        assert len(contributions(bucket_deployment)) == 3

    def test_that_would_be_too_large_are_refused_as_a_whole(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("backend.submissions.uploads.limits.MAX_UNPACKED_BYTES", 10_000)
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(3)))
        import_upload("")
        assert row(deployment, upload_id).error_code == "archive_too_large"
        assert stored(deployment) == set()

    def test_hold_each_file_to_what_a_file_may_be(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, max_upload_bytes=1000)
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(1)))
        import_upload("")
        (entry,) = entries(deployment, upload_id)
        assert entry.error_code == "file_too_large"

    def test_make_room_for_others_and_go_on(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(intake, "SLICE_S", 0.0)
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(3)))
        for done in (1, 2):
            import_upload("")
            found = row(deployment, upload_id)
            assert (found.state, found.done, found.total) == ("queued", done, 3)
        import_upload("")
        assert row(deployment, upload_id).state == "done"
        assert len(contributions(deployment)) == 3


class TestFullStorage:
    def full_for(self, deployment: Deployment, upload_id: UUID, minutes: float) -> None:
        """As if it had waited so long, and were due again."""
        with deployment.database.write() as session:
            waiting = session.get_one(Upload, upload_id)
            waiting.away_since = utc_now() - timedelta(minutes=minutes)
            waiting.due_at = None
            session.commit()

    def test_is_waited_for_with_growing_distance(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())
        with monkeypatch.context() as patched:
            with_settings(patched, min_free_bytes=10**18)
            import_upload("")
            first = row(deployment, upload_id)
            assert (first.state, first.attempt) == ("queued", 1)
            assert first.due_at is not None
            assert utc_now() < first.due_at < utc_now() + timedelta(seconds=10)
            import_upload("")  # it is not due: nothing is taken
            assert row(deployment, upload_id).attempt == 1
            self.full_for(deployment, upload_id, minutes=3)
            import_upload("")
            later = row(deployment, upload_id)
            assert (later.state, later.attempt) == ("queued", 2)
            assert later.due_at is not None
            assert later.due_at > utc_now() + timedelta(minutes=2)
        assert stored(deployment) == {f"arrivals/{upload_id}"}
        self.full_for(deployment, upload_id, minutes=4)
        import_upload("")
        assert row(deployment, upload_id).state == "done"

    def test_ends_what_waits_too_long_with_a_sentence_and_its_bytes(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())
        with_settings(monkeypatch, min_free_bytes=10**18)
        import_upload("")
        self.full_for(deployment, upload_id, minutes=31)
        import_upload("")
        found = row(deployment, upload_id)
        assert (found.state, found.error_code) == ("failed", "storage_full")
        assert found.error_message == intake.FULL_FOR_LONG
        assert stored(deployment) == set()

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    def test_in_the_middle_of_an_archive_keeps_what_is_taken_in(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        upload_id = sent(deployment, draft, "ward.zip", archives.packed(archives.pictures(4)))
        inspect = outcomes.inspect

        def full_from_the_third_on(path: Path) -> outcomes.Inspection:
            if len(contributions(deployment)) >= 2:
                raise OSError(code, "no room")
            return inspect(path)

        monkeypatch.setattr(intake, "inspect", full_from_the_third_on)
        import_upload("")
        assert row(deployment, upload_id).state == "queued"
        assert len(contributions(deployment)) == 2
        self.full_for(deployment, upload_id, minutes=31)
        import_upload("")
        assert row(deployment, upload_id).state == "done"
        codes = [entry.error_code for entry in entries(deployment, upload_id)]
        assert codes == [None, None, "storage_full", "storage_full"]
        assert len(contributions(deployment)) == 2
        kept = {contribution.original_key for contribution in contributions(deployment)}
        assert stored(deployment) == kept | {
            contribution.preview_key for contribution in contributions(deployment)
        }


class TestFence:
    def test_what_was_dropped_meanwhile_leaves_nothing(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())
        inspect = outcomes.inspect

        def dropped(path: Any) -> outcomes.Inspection:
            with deployment.database.write() as session:
                session.delete(session.get(Upload, upload_id))
                session.commit()
            return inspect(path)

        monkeypatch.setattr(intake, "inspect", dropped)
        import_upload("")
        assert contributions(deployment) == []
        assert stored(deployment) == set()

    def test_what_another_attempt_has_keeps_its_bytes(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())

        def taken(*_: Any) -> None:
            raise LeaseLostError

        monkeypatch.setattr(intake, "commit_recording", taken)
        import_upload("")
        assert stored(deployment) == {f"arrivals/{upload_id}"}

    def test_what_another_attempt_has_keeps_its_bytes_where_ours_is_refused(
        self, deployment: Deployment, draft: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())

        def overtaken(_path: Any) -> outcomes.Inspection:
            with deployment.database.write() as session:
                upload = session.get(Upload, upload_id)
                assert upload is not None
                upload.attempt += 1
                session.commit()
            raise RefusedFileError("too_slow", "It took too long.")

        monkeypatch.setattr(intake, "inspect", overtaken)
        import_upload("")
        assert stored(deployment) == {f"arrivals/{upload_id}"}

    def test_a_submission_that_was_sent_takes_no_more(
        self, deployment: Deployment, draft: Submission
    ) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", media_files.video())
        with deployment.database.write() as session:
            changed = session.get(Submission, draft.id)
            assert changed is not None
            changed.submitted_at = changed.created_at
            session.commit()
        import_upload("")
        assert row(deployment, upload_id).error_code == "already_submitted"
        assert stored(deployment) == set()

    def test_lost_bytes_are_told(self, deployment: Deployment, draft: Submission) -> None:
        upload_id = sent(deployment, draft, "lung.mp4", b"x")
        deployment.storage.delete(f"arrivals/{upload_id}")
        with pytest.raises(MissingObjectError):
            deployment.storage.open(f"arrivals/{upload_id}")
        import_upload("")
        assert row(deployment, upload_id).error_code == "recording_missing"
