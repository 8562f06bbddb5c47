"""Each kind of damage is found, mended where that takes nobody's judgement, and then gone."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.core import logs
from backend.core.db import utc_now
from backend.core.settings import Settings
from backend.jobs import leases
from backend.jobs.celery import make_celery
from backend.jobs.kinds import CHECKING
from backend.jobs.leases import Lease, LeaseLostError
from backend.releases import repository as releases
from backend.storage.keys import (
    cine_key,
    contact_sheet_key,
    contribution_preview_key,
    dataset_frame_key,
    dataset_pixels_key,
    frame_key,
    published_key,
    release_key,
    signs_key,
    training_key,
    upload_key,
)
from backend.system.checks import finding as findings
from backend.system.checks import service
from backend.system.checks.finding import Context, Finding
from backend.system.checks.run import NAMES, Runner
from backend.system.checks.schemas import CheckRunIn
from backend.tables import (
    AuditEvent,
    Check,
    Contribution,
    FoldAssignment,
    Installation,
    Release,
    ReleaseItem,
    Submission,
)
from backend.tables.releases import ItemFiles
from models.data import fingerprint
from tests import media_files
from tests.factories_contributions import create_submission
from tests.worker.contributing import change, contribute, decide, row
from tests.worker.deployment import Deployment, clip, still
from tests.worker.releases.test_task import make
from worker.checks import task
from worker.checks.task import ALL
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews
from worker.task import transaction

LATER = timedelta(hours=2)
"""When the checks of these tests look: nothing is under way any more."""

ROW: dict[str, Any] = {"label": "covid19", "probe": "convex"}


@dataclass
class Healthy:
    """The whole way, healthy: what was screened, submitted with a table, reviewed, released."""

    deployment: Deployment
    screening: UUID = field(init=False)
    submission: UUID = field(init=False)
    pending: UUID = field(init=False)
    released: UUID = field(init=False)
    number: int = field(init=False)

    def __post_init__(self) -> None:
        deployment = self.deployment
        self.screening = deployment.queue(still(), notify=False)
        with deployment.database.write() as session:
            submission = create_submission(
                session,
                submitted_at=utc_now(),
                manifest=_manifest(P1=ROW, other={"label": "healthy"}),
            )
            session.commit()
        self.submission = submission.id
        self.pending = self._contribute(
            media_files.gif(frames=7), submission_id=submission.id, file_name="P1.gif"
        )
        make_previews.run(str(self.pending))
        self.released = self._contribute(media_files.gif(frames=5))
        make_previews.run(str(self.released))
        decide(deployment, self.released)
        deidentify.run(str(self.released))
        self.number = make(deployment)

    def _contribute(self, content: bytes, **changes: Any) -> UUID:
        path = self.deployment.settings.incoming_dir / "for-its-fingerprints"
        path.write_bytes(content)
        prints = fingerprint.fingerprint_file(path)
        path.unlink()
        values = {
            "table_digest": "d" * 64,
            "previews_state": "queued",
            "previews_notified_at": utc_now(),
            **changes,
        }
        return contribute(self.deployment, content, fingerprints=prints, **values)

    def check(self, *, fix: bool = False, deep: bool = True, only: str = "") -> dict[str, int]:
        """Run a check two hours from now; how many findings of each kind are left."""
        with self.deployment.database.write() as session:
            wanted = CheckRunIn.model_validate(
                {"fix": fix, "deep": deep, "only": [only] if only else []}
            )
            made = service.start(session, None, wanted, attempt=1)
            session.commit()
        runner = Runner(self.context(deep=deep), lease_of(made), ALL)
        runner.run()
        with self.deployment.database.write() as session:
            leases.complete(session, runner.lease, utc_now())
            session.commit()
        self.last = runner
        return {
            kind: each["found"] - each["mended"]
            for kind, each in runner.counts.items()
            if each["found"] > each["mended"]
        }

    def context(self, *, deep: bool = False) -> Context:
        deployment = self.deployment
        celery = make_celery(deployment.settings)
        return Context(
            deployment.database,
            transaction,
            deployment.storage,
            deployment.settings,
            celery,
            utc_now() + LATER,
            deep=deep,
        )

    def work(self) -> None:
        """Let the worker do what a mend asked for."""
        for each in (self.pending, self.released):
            deidentify.run(str(each))
            make_previews.run(str(each))

    def files(self) -> ItemFiles:
        """What the release serves of its recording."""
        with self.deployment.database.read() as session:
            (item,) = releases.items(session, self.number)
        assert item.files
        return item.files


def lease_of(row: Check) -> Lease[Check]:
    """The lease of a check that began as its caller's own."""
    return Lease(CHECKING, row.id, row.attempt, row)


def _manifest(**rows: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"line": line, "file_name": name, "values": values}
        for line, (name, values) in enumerate(rows.items(), 2)
    }


@pytest.fixture
def small(deployment: Deployment) -> Healthy:
    """On SQLite and a folder alone."""
    return Healthy(deployment)


# Each plants one kind of damage.


def label_of_another_row(it: Healthy) -> None:
    change(it.deployment, it.pending, label="healthy")


def patient_of_another_row(it: Healthy) -> None:
    more = {"patient_hash": "b" * 64, "note": "of the other"}
    rows = _manifest(P1={**ROW, "patient_hash": "a" * 64}, other=more)
    with it.deployment.database.write() as session:
        session.get_one(Submission, it.submission).manifest = rows
        session.commit()
    change(it.deployment, it.pending, table_digest=None, **more)


def frames_read_otherwise(it: Healthy) -> None:
    change(it.deployment, it.pending, frames=3, sampled_frames=1, duration_s=9.0)


def pictures_read_otherwise(it: Healthy) -> None:
    change(it.deployment, it.pending, fingerprints=["0" * 16])


def times_read_otherwise(it: Healthy) -> None:
    cine = row(it.deployment, it.pending).cine
    assert cine is not None
    late = [each + 1.5 for each in cine.times_s]
    change(it.deployment, it.pending, cine=cine.model_copy(update={"times_s": late}))


def dataset_read_otherwise(it: Healthy) -> None:
    change(it.deployment, it.released, dataset_frames=1)


def upload_gone(it: Healthy) -> None:
    it.deployment.storage.delete(it.deployment.recording(it.screening).storage_key)


def upload_preview_gone(it: Healthy) -> None:
    it.deployment.storage.delete(it.deployment.recording(it.screening).preview_key)


def preview_gone(it: Healthy) -> None:
    it.deployment.storage.delete(contribution_preview_key(it.pending))


def copy_gone(it: Healthy) -> None:
    it.deployment.storage.delete(row(it.deployment, it.released).deidentified_key or "")


def dataset_frame_gone(it: Healthy) -> None:
    it.deployment.storage.delete(dataset_frame_key(it.released, 0))


def review_frame_gone(it: Healthy) -> None:
    it.deployment.storage.delete(cine_key(it.pending, 3))


def contact_sheet_gone(it: Healthy) -> None:
    it.deployment.storage.delete(contact_sheet_key(it.pending))


def released_file_gone(it: Healthy) -> None:
    it.deployment.storage.delete(it.files().recording.key)


def released_file_changed(it: Healthy) -> None:
    it.deployment.storage.put_bytes(it.files().frames[-1].key, b"others")


def dataset_pixels_changed(it: Healthy) -> None:
    it.deployment.storage.put_bytes(row(it.deployment, it.released).pixels_key or "", clip(3))


def stray_bytes_everywhere(it: Healthy) -> None:
    for key in STRAY:
        it.deployment.storage.put_bytes(key, b"nobody's")


STRAY = (
    f"recordings/ab/{'ab' * 32}-{uuid4()}",
    f"previews/{uuid4()}.jpg",
    frame_key(uuid4(), 0),
    signs_key(uuid4(), 0),
    f"contributions/ab/{'ab' * 32}-{uuid4()}",
    contribution_preview_key(uuid4()),
    upload_key(uuid4()),
    cine_key(uuid4(), 2),
    dataset_pixels_key(uuid4(), "mp4"),
    f"wholes/{uuid4()}.mp4",
    published_key(uuid4(), "cd" * 32, ".png"),
    release_key(7, 1, "README.md"),
    training_key(uuid4(), 2),
    "artifacts/pocovidnet-9/1/manifest.json",
)

MENDED: dict[str, tuple[Callable[[Healthy], None], dict[str, int]]] = {
    # first: what is made anew from the copy has other bytes than what was released
    "released_file_gone": (released_file_gone, {"release_file_missing": 1}),
    "released_file_changed": (released_file_changed, {"release_file_changed": 1}),
    "label_of_another_row": (label_of_another_row, {"label_differs": 1}),
    "patient_of_another_row": (patient_of_another_row, {"label_differs": 1}),
    "frames_read_otherwise": (frames_read_otherwise, {"read_otherwise": 1}),
    "pictures_read_otherwise": (pictures_read_otherwise, {"read_otherwise": 1}),
    "times_read_otherwise": (times_read_otherwise, {"read_otherwise": 1}),
    "dataset_read_otherwise": (dataset_read_otherwise, {"dataset_read_otherwise": 1}),
    "upload_gone": (upload_gone, {"recording_missing": 1}),
    "upload_preview_gone": (upload_preview_gone, {"preview_missing": 1}),
    "preview_gone": (preview_gone, {"preview_missing": 1}),
    "dataset_frame_gone": (dataset_frame_gone, {"pixels_missing": 1}),
    "review_frame_gone": (review_frame_gone, {"review_frames_missing": 1}),
    "contact_sheet_gone": (contact_sheet_gone, {"review_frames_missing": 1}),
    "dataset_pixels_changed": (dataset_pixels_changed, {"bytes_changed": 1}),
    "stray_bytes_everywhere": (stray_bytes_everywhere, {"stray_bytes": len(STRAY)}),
    # last: from it the dataset is made anew
    "copy_gone": (copy_gone, {"copy_missing": 1}),
}


def test_damage_is_found_mended_once_and_clean_afterwards(small: Healthy) -> None:
    """One kind of damage after another: each mend leaves a healthy installation."""
    assert small.check() == {}
    for name, (plant, expected) in MENDED.items():
        plant(small)
        assert small.check() == expected, (name, small.last.findings)
        assert small.check(fix=True) == {}, (name, small.last.findings)
        small.work()
        if name == "upload_gone":
            small.screening = small.deployment.queue(still(), notify=False)
        assert small.check() == {}, (name, small.last.findings)
    pending = row(small.deployment, small.pending)
    assert (pending.label, pending.note, pending.patient_hash) == ("covid19", "", "a" * 64)
    assert mended_kinds(small.deployment) == {kind for _, all_ in MENDED.values() for kind in all_}


AT_ONCE = (
    label_of_another_row, frames_read_otherwise, upload_gone, preview_gone, review_frame_gone,
    dataset_frame_gone, released_file_gone, released_file_changed, stray_bytes_everywhere,
)  # fmt: skip


def test_much_damage_at_once_on_every_database_and_storage(stored_deployment: Deployment) -> None:
    """What one mend asked a worker for is looked at by the next check."""
    installation = Healthy(stored_deployment)
    assert installation.check() == {}
    for plant in AT_ONCE:
        plant(installation)
    expected = {kind for plant in AT_ONCE for kind in MENDED[plant.__name__][1]}
    assert set(installation.check()) == expected
    for _ in range(2):
        installation.check(fix=True)
        installation.work()
    assert installation.check() == {}, installation.last.findings
    assert mended_kinds(stored_deployment) == expected


def mended_kinds(deployment: Deployment) -> set[str]:
    with deployment.database.read() as session:
        mends = session.scalars(select(AuditEvent).where(AuditEvent.action == "checks.fixed"))
        return {each.detail["kind"] for each in mends}


# Each plants what only a person can decide.


def approved_with_another_label(it: Healthy) -> None:
    with it.deployment.database.write() as session:
        session.get_one(Contribution, it.released).file_name = "other.gif"
        session.get_one(Contribution, it.released).submission_id = it.submission
        session.commit()


def changed_before_that_was_noted(it: Healthy) -> None:
    change(it.deployment, it.pending, label="pneumonia", table_digest=None)


def one_of_two_rows(it: Healthy) -> None:
    rows = _manifest(P1=ROW) | {
        "again": {"line": 9, "file_name": "P1", "values": {"label": "healthy"}}
    }
    with it.deployment.database.write() as session:
        session.get_one(Submission, it.submission).manifest = rows
        session.commit()


def original_gone(it: Healthy) -> None:
    it.deployment.storage.delete(row(it.deployment, it.pending).original_key or "")


def original_changed(it: Healthy) -> None:
    found = row(it.deployment, it.pending)
    it.deployment.storage.put_bytes(found.original_key or "", b"\0" * found.bytes)


def top_file_gone(it: Healthy) -> None:
    with it.deployment.database.read() as session:
        release = session.get_one(Release, it.number)
    it.deployment.storage.delete(release.files.files[0].key)


def bytes_of_somebody_else(it: Healthy) -> None:
    it.deployment.storage.put_bytes("backup/of-the-ward.zip", b"theirs")


def two_folds(it: Healthy) -> None:
    change(it.deployment, it.released, patient_hash="e" * 64)
    other = contribute(
        it.deployment, media_files.gif(frames=4), patient_hash="e" * 64, state="withdrawn"
    )
    with it.deployment.database.write() as session:
        item = session.get_one(ReleaseItem, (it.number, it.released))
        session.add(FoldAssignment(group_key="x", number=99, fold=4, assigned_in=it.number))
        session.flush()
        values = {"label": item.label, "probe": item.probe, "row": item.row}
        fold = (item.fold + 1) % 5
        session.add(
            ReleaseItem(
                release_number=it.number, contribution_id=other, group_key="x", fold=fold, **values
            )
        )
        session.commit()


def two_patients(it: Healthy) -> None:
    content = media_files.gif(frames=9)
    for patient in "ab":
        it._contribute(content, submission_id=it.submission, patient_hash=patient * 64)
    for each in _all(it.deployment):
        make_previews.run(str(each))


def _all(deployment: Deployment) -> Iterator[UUID]:
    with deployment.database.read() as session:
        yield from session.scalars(select(Contribution.id)).all()


PERSONS: dict[str, tuple[Callable[[Healthy], None], dict[str, int]]] = {
    each.__name__: (each, {kind: 1})
    for each, kind in (
        (approved_with_another_label, "label_differs"),
        (changed_before_that_was_noted, "label_differs"),
        (one_of_two_rows, "label_in_doubt"),
        (original_changed, "bytes_changed"),
        (top_file_gone, "release_file_missing"),
        (bytes_of_somebody_else, "unknown_bytes"),
        (two_folds, "patient_in_two_folds"),
        (two_patients, "patient_counts_as_two"),
        (original_gone, "original_missing"),
    )
}


@pytest.mark.parametrize("name", PERSONS)
def test_what_needs_a_person_is_said_with_advice_and_left_alone(name: str, small: Healthy) -> None:
    plant, expected = PERSONS[name]
    plant(small)
    before = {each: row(small.deployment, each).__dict__ for each in _all(small.deployment)}
    found = small.check(fix=True)
    assert expected.items() <= found.items()
    assert all(finding["advice"] for finding in small.last.findings if not finding["mended"])
    after = {each: row(small.deployment, each).__dict__ for each in _all(small.deployment)}
    for each, columns in before.items():
        assert columns["label"] == after[each]["label"]


def test_patients_of_before_the_key_are_named_where_there_were_many_machines(
    small: Healthy, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(small.deployment, small.pending, patient_hash="f" * 64)
    with small.deployment.database.write() as session:
        session.get_one(Installation, 1).created_at = utc_now() + LATER
        session.commit()
    assert small.check(only="patients") == {}
    many = small.deployment.settings.model_copy(update={"database_url": "postgresql://x/y"})
    monkeypatch.setattr(small.deployment, "settings", many)
    assert small.check(only="patients") == {"patients_of_unknown_key": 1}


def test_what_is_under_way_is_left_alone(small: Healthy) -> None:
    stray_bytes_everywhere(small)
    upload_gone(small)
    context = small.context()
    early = replace(context, now=utc_now())
    assert [each for look in ALL.values() for each in look(early)] == []


def test_a_mend_looks_again(small: Healthy) -> None:
    """Between the look and the mend, somebody else was faster."""
    label_of_another_row(small)
    review_frame_gone(small)
    found = [each for name in ("labels", "missing") for each in ALL[name](small.context())]
    change(small.deployment, small.pending, label="covid19", previews_state="queued")
    assert len(found) == 2
    assert [each.mend(small.context(), each) for each in found if each.mend] == [False, False]


def test_it_goes_on_where_a_worker_was_lost(
    small: Healthy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("labels", "missing"):
        {"labels": label_of_another_row, "missing": preview_gone}[name](small)
    with small.deployment.database.write() as session:
        service.start(session, None, CheckRunIn())
        session.commit()
    monkeypatch.setattr(findings, "UNDER_WAY", -LATER)
    looked: list[str] = []

    def failing(_context: Context) -> Iterator[Finding]:
        looked.append("stray")
        raise KeyboardInterrupt

    monkeypatch.setattr(task, "ALL", {**ALL, "stray": failing})
    with pytest.raises(KeyboardInterrupt):
        task.check.run("x")
    lost = newest(small.deployment)
    assert (lost.state, lost.stage, set(lost.ended)) == ("running", "stray", set(NAMES) - {"stray"})
    with small.deployment.database.write() as session:
        session.get_one(Check, lost.id).heartbeat_at = utc_now() - LATER
        session.commit()
    task.requeue_expired()
    monkeypatch.setattr(task, "ALL", ALL)
    task.check.run("x")
    done = newest(small.deployment)
    assert (done.state, done.attempt, done.under_way) == ("done", 2, None)
    assert {kind: each["found"] for kind, each in done.counts.items()} == {
        "label_differs": 1,
        "preview_missing": 1,
    }


def test_a_check_that_loses_every_worker_is_given_up(small: Healthy) -> None:
    with small.deployment.database.write() as session:
        made = service.start(session, None, CheckRunIn(), attempt=1)
        made.lost = small.deployment.settings.max_attempts - 1
        made.heartbeat_at = utc_now() - LATER
        session.commit()
    runner = Runner(small.context(), lease_of(made), ALL)
    task.requeue_expired()
    assert newest(small.deployment).state == "failed"
    with pytest.raises(LeaseLostError):
        runner.run()


def newest(deployment: Deployment) -> Check:
    with deployment.database.read() as session:
        return session.scalars(select(Check).order_by(Check.created_at.desc())).first()  # type: ignore[return-value]  # there is one


class TestCommand:
    @pytest.fixture(autouse=True)
    def _now_and_quiet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        logs.configure(Settings())  # to where this test's lines go
        monkeypatch.setattr(logs, "configure", lambda _settings: None)
        monkeypatch.setattr(findings, "UNDER_WAY", -LATER)

    def test_a_healthy_installation_is_clean(self, small: Healthy) -> None:
        answer = CliRunner().invoke(cli.app, ["check", "--deep"])
        assert (answer.exit_code, answer.stdout) == (0, "No findings.\n")

    def test_found_then_fixed_then_clean(self, small: Healthy) -> None:
        label_of_another_row(small)
        bytes_of_somebody_else(small)
        found = CliRunner().invoke(cli.app, ["check"])
        assert found.exit_code == 1
        assert "2 found: --fix mends 1, and 1 needs a person." in found.stdout
        assert str(small.pending) in found.stdout
        fixed = CliRunner().invoke(cli.app, ["check", "--fix", "--json"])
        assert fixed.exit_code == 1
        document = json.loads(fixed.stdout)
        assert document["counts"]["label_differs"] == {"found": 1, "mendable": 1, "mended": 1}
        assert not document["clean"]
        small.deployment.storage.delete("backup/of-the-ward.zip")
        assert CliRunner().invoke(cli.app, ["check", "--fix"]).exit_code == 0

    def test_only_looks_for_what_was_asked(self, small: Healthy) -> None:
        label_of_another_row(small)
        answer = CliRunner().invoke(cli.app, ["check", "--only", "stray", "--only", "patients"])
        assert (answer.exit_code, answer.stdout) == (0, "No findings.\n")
        wrong = CliRunner().invoke(cli.app, ["check", "--only", "everything"])
        assert wrong.exit_code == 2
        assert "labels, patients, releases, missing" in wrong.stderr

    def test_one_at_a_time(self, small: Healthy) -> None:
        with small.deployment.database.write() as session:
            service.start(session, None, CheckRunIn())
            session.commit()
        answer = CliRunner().invoke(cli.app, ["check"])
        assert (answer.exit_code, answer.stdout) == (2, "")
        assert "A check is under way" in answer.stderr

    def test_what_cannot_be_looked_at_is_2(
        self, small: Healthy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POCOVID_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        assert CliRunner().invoke(cli.app, ["check"]).exit_code == 2

    def test_an_interrupted_one_leaves_nobody_waiting(
        self, small: Healthy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stopped(_context: Context) -> Iterator[Finding]:
            raise KeyboardInterrupt

        monkeypatch.setattr(task, "ALL", {"labels": stopped})
        assert CliRunner().invoke(cli.app, ["check"]).exit_code != 0
        assert (newest(small.deployment).state, newest(small.deployment).under_way) == (
            "failed",
            None,
        )
