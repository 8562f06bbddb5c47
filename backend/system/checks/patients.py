"""Patients that count as two, and patients that are tested in two folds."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, cast, func, select

from backend.installation import repository as installation
from backend.system.checks.finding import Context, Finding
from backend.tables import Contribution, Release, ReleaseItem, Submission
from backend.tables.vocabulary import ContributionState, JobState

_ONE_OF_THEM = func.min(cast(Contribution.id, String))
"""PostgreSQL has no min() for UUIDs."""


def patients(context: Context) -> Iterator[Finding]:
    """Find patients hashed with more than one key, or tested in more than one fold."""
    yield from _one_recording_of_two_patients(context)
    yield from _hashed_before_the_key(context)
    yield from _in_two_folds(context)


def _one_recording_of_two_patients(context: Context) -> Iterator[Finding]:
    """The same bytes from one contributor under two hashes: two keys, or two pseudonyms."""
    same = (
        select(Submission.contributor_id, Contribution.sha256)
        .join(Submission, Submission.id == Contribution.submission_id)
        .where(
            Contribution.patient_hash.is_not(None),
            Contribution.state != ContributionState.WITHDRAWN,
        )
        .group_by(Submission.contributor_id, Contribution.sha256)
        .having(func.count(Contribution.patient_hash.distinct()) > 1)
    )
    with context.database.read() as session:
        twice = session.execute(same).all()
    for contributor_id, sha256 in twice:
        with context.database.read() as session:
            ids = session.scalars(
                select(Contribution.id)
                .join(Submission, Submission.id == Contribution.submission_id)
                .where(Contribution.sha256 == sha256, Submission.contributor_id == contributor_id)
                .order_by(Contribution.created_at, Contribution.id)
            ).all()
        yield Finding(
            "patient_counts_as_two",
            "contribution",
            str(ids[0]),
            f"The same recording exists {len(ids)} times, of two patients: their pseudonyms were "
            "hashed with two keys, or one patient has two pseudonyms.",
            "Ask its contributor to withdraw one of them; the list of duplicates shows them.",
        )


def _hashed_before_the_key(context: Context) -> Iterator[Finding]:
    """Count each contributor's patients that were hashed with an unknown key.

    With SQLite all processes shared one data folder, and so the key in it.
    """
    if context.settings.database_url.startswith("sqlite"):
        return
    with context.database.read() as session:
        before = installation.hashed_before(session)
    of_each: dict[str, list[str]] = defaultdict(list)
    for patient in before:
        of_each[str(patient.contributor_id)].append(str(patient.contributions[0]))
    for contributor_id, firsts in of_each.items():
        yield Finding(
            "patients_of_unknown_key",
            "user",
            contributor_id,
            f"{len(firsts)} patients of this contributor were hashed before all processes shared "
            "one key, and have not been seen since: some of them may count as two.",
            "If several machines accepted submissions then, ask the contributor to send their "
            "manifest again with new recordings: patients recognised by it were hashed with the "
            f"right key. The first recording of one of them is {firsts[0]}.",
        )


def _in_two_folds(context: Context) -> Iterator[Finding]:
    """Patients whose recordings, in the newest release, are tested in more than one fold."""
    with context.database.read() as session:
        newest = session.scalar(
            select(func.max(Release.number)).where(Release.state == JobState.DONE)
        )
        found = session.execute(
            select(
                func.min(ReleaseItem.fold), func.max(ReleaseItem.fold), func.count(), _ONE_OF_THEM
            )
            .join(Contribution, ReleaseItem.contribution_id == Contribution.id)
            .where(
                ReleaseItem.release_number == newest,
                ReleaseItem.left_out.is_(False),
                Contribution.patient_hash.is_not(None),
            )
            .group_by(Contribution.patient_hash)
            .having(func.min(ReleaseItem.fold) != func.max(ReleaseItem.fold))
        ).all()
    for first, last, number, one in found:
        yield Finding(
            "patient_in_two_folds",
            "contribution",
            str(UUID(one)),
            f"{number} recordings of one patient are tested in folds {first} and {last} of release "
            f"{newest}; this is one of them.",
            "Do not compare models on this release: a model is tested on a patient that it was "
            "trained on. Create another release, which merges the patient's groups.",
        )
