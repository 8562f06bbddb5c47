"""No list, claim or duty reads a table that grows with the dataset from its beginning to its end.

SQLite chooses a plan by the indexes alone, so that a few rows are enough to see it.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

import migrations
from backend.accounts import repository as accounts
from backend.accounts.people import repository as people
from backend.core.db import Database, utc_now
from backend.core.settings import Settings
from backend.jobs import leases
from backend.jobs.kinds import OF_TRAINERS, OF_WORKERS, SCREENING
from backend.jobs.leases import JobKind
from backend.recordings import repository as recordings
from backend.releases import parts, public
from backend.releases import repository as releases
from backend.reviews import repository as reviews
from backend.reviews import service
from backend.reviews.schemas import QueueFilters
from backend.screenings import repository as screenings
from backend.submissions import near_copies, submit
from backend.submissions import repository as submissions
from backend.submissions.uploads import repository as uploads
from backend.system.audit_log import repository as audit_log
from backend.system.audit_log.repository import Filters
from backend.tables import Release, ReleaseItem, Review, User
from backend.tables.vocabulary import JobState, Label, Probe, UploadState
from backend.trainings import repository as trainings
from tests.factories import create_user
from tests.factories_contributions import create_contribution, create_submission, create_upload
from tests.factories_releases import create_item, create_release
from tests.factories_reviews import create_prepared, create_review

GROWING = {
    "api_tokens", "audit_events", "contributions", "fingerprints", "fold_assignments",
    "label_reports", "near_copies", "password_resets", "recordings", "release_items", "reviews",
    "screenings", "sign_ins", "submissions", "training_folds", "trainings", "uploads",
    "upload_pieces", "users",
}  # fmt: skip

NOW = utc_now()
DAY = timedelta(days=1)
SOME_ID = UUID(int=7)
ROW = {
    "Type": "video",
    "License": "CC BY 4.0",
    "LinkToLicense": "",
    "Attribution": "",
    "Patient ID / Name": "",
    "Comments first medical doctor (MD1)": "",
}
CURSOR = str(SOME_ID)
BEHIND = urlsafe_b64encode(f"{NOW.isoformat()} {SOME_ID}".encode()).decode()
BEHIND_EVENT = urlsafe_b64encode(f"{NOW.isoformat()} 7".encode()).decode()

Call = Callable[[Session, User], Any]


def _claim(session: Session, reviewer: User, **filters: Any) -> object:
    chosen = reviews.Filters(**filters)
    now = utc_now()
    return reviews.claim_next(session, reviewer.id, chosen, now, now + DAY)


def _queue(session: Session, reviewer: User, cursor: str | None = None, **filters: Any) -> object:
    return service.queue(session, reviewer, QueueFilters(**filters), cursor, 2)


def _behind_the_first(session: Session, reviewer: User, order: reviews.QueueOrder) -> None:
    filters = reviews.Filters(order=order)
    cursor = reviews.queue(session, reviewer.id, filters, None, 1).next
    assert cursor is not None
    assert reviews.queue(session, reviewer.id, filters, cursor, 1).rows


def _archive(session: Session, _reviewer: User) -> None:
    release = session.get_one(Release, 1)
    archive = parts.open_archive(session, release, lambda: _same(session))
    list(archive.read(archive.size - 10, archive.size, lambda *_: pytest.fail("no content")))


@contextmanager
def _same(session: Session) -> Iterator[Session]:
    yield session


CALLS: dict[str, Call] = {
    "releases": lambda session, _: public.page(session, None, 50, every_state=True),
    "a release": lambda session, _: public.to_schema(session, session.get_one(Release, 1)),
    "its archive": _archive,
    "its recordings": lambda session, _: public.items(session, 1, cursor=CURSOR),
    "of a label": lambda session, _: public.items(session, 1, cursor=CURSOR, label=Label.VIRAL),
    "of a probe": lambda session, _: public.items(session, 1, cursor=CURSOR, probe=Probe.LINEAR),
    "recordings to measure": lambda session, _: releases.unmeasured(session, 1, SOME_ID, 2),
    "their earlier items": lambda session, _: releases.earlier_items(session, [SOME_ID]),
    "a recording": lambda session, _: releases.item(session, 1, SOME_ID),
    "reports of a client": lambda session, _: releases.was_reported(session, SOME_ID, "c"),
    "served ids": lambda session, _: releases.released_ids(session, [SOME_ID]),
    "waiting for ingest": lambda session, _: releases.waiting_for_ingest(session),
    "queue": _queue,
    "queue of a label": lambda session, who: _queue(session, who, label=Label.VIRAL),
    "queue of a probe": lambda session, who: _queue(session, who, probe=Probe.LINEAR),
    "queue of a source": lambda session, who: _queue(session, who, source="ward"),
    "queue of what is disputed": lambda session, who: _queue(session, who, disputed=True),
    "claim": _claim,
    "claim where models disagree": lambda session, who: _claim(
        session, who, order=reviews.QueueOrder.MODELS_DISAGREE
    ),
    "claim where signs disagree": lambda session, who: _claim(
        session, who, order=reviews.QueueOrder.SIGNS_DISAGREE
    ),
    "claim of a label": lambda session, who: _claim(session, who, label=Label.VIRAL),
    "claim of a source": lambda session, who: _claim(session, who, source="ward"),
    "own verdicts": lambda session, who: service.own_reviews(session, who, None, 50),
    "verdicts of each day": lambda session, _: reviews.days(session, utc_now().date()),
    "verdicts of a recording": lambda session, _: reviews.live_reviews(session, SOME_ID),
    "expired": lambda session, _: reviews.expired(session, utc_now(), DAY, [SOME_ID], 200),
    "de-identified": lambda session, _: reviews.lock_next_deidentified(session, utc_now(), DAY),
    "owners": lambda session, _: [
        reviews.owners(session, folder, [SOME_ID]) for folder in ("review", "dataset", "wholes")
    ],
}
"""Of reviews and releases."""

ORDERED: dict[str, Call] = {
    "submissions": lambda session, _: submissions.page(session, SOME_ID, BEHIND, 50),
    "contributions": lambda session, _: submissions.contributions_page(
        session, SOME_ID, BEHIND, 50
    ),
    "all contributions": lambda session, _: submissions.contributions(session, SOME_ID),
    "files by name": lambda session, _: submissions.file_names(session, SOME_ID),
    "uploads": lambda session, _: uploads.page(session, SOME_ID, None, BEHIND, 50),
    "uploads in a state": lambda session, _: uploads.page(
        session, SOME_ID, UploadState.FAILED, BEHIND, 50
    ),
    "trainings": lambda session, _: trainings.page(session, None, 50),
    "trainings behind": lambda session, _: trainings.page(session, BEHIND, 50),
    "people": lambda session, _: people.search(session, "", "a@example.org", 50),
    "events": lambda session, _: audit_log.page(session, Filters(), None, 50),
    **{
        f"events by {name}": lambda session, _, filters=filters: audit_log.page(
            session, filters, BEHIND_EVENT, 50
        )  # type: ignore[misc]  # mypy cannot infer it
        for name, filters in (
            ("action", Filters(action="users.role_changed")),
            ("feature", Filters(action="users")),
            ("actor", Filters(actor=SOME_ID)),
            ("subject", Filters(subject=str(SOME_ID))),
            ("time", Filters(since=NOW)),
            ("action and time", Filters(action="users.role_changed", since=NOW)),
            ("all", Filters("users", SOME_ID, str(SOME_ID), NOW)),
        )
    },
    **{
        f"queue, {order}": lambda session, who, order=order: reviews.queue(
            session, who.id, reviews.Filters(order=order), None, 2
        )  # type: ignore[misc]  # mypy cannot infer it
        for order in reviews.QueueOrder
    },
    **{
        f"queue behind a row, {order}": lambda session, who, order=order: _behind_the_first(
            session, who, order
        )  # type: ignore[misc]  # mypy cannot infer it
        for order in reviews.QueueOrder
    },
    "abandoned drafts": lambda session, _: submissions.abandoned_drafts(session, NOW),
    "expired recordings": lambda session, _: recordings.expired(session, NOW),
    "screenings that succeeded lately": lambda session, _: screenings.recently_answered(session),
}
"""What is given or taken in an order, which an index has: nothing is sorted."""


def _check(session: Session, user: User) -> None:
    """The check of a draft, with a recording, and what follows."""
    draft = create_submission(session, user)
    row = create_contribution(session, draft, state="draft")
    create_upload(session, draft, state="done", contribution_id=row.id)
    near_copies.record(session, row)
    submit.check(session, user, draft.id)
    submit.submit(session, user, draft.id, consent=True)
    submit.withdraw(session, user, row.id)


LOOKUPS: dict[str, Call] = {
    "check": _check,
    "states of submissions": lambda session, _: submissions.states(session, [SOME_ID]),
    "reviews": lambda session, _: submissions.reviews_of(session, [SOME_ID]),
    "deletion of a draft": lambda session, _: submissions.remove(session, SOME_ID),
    "deletion of a contribution": lambda session, _: submissions.remove_contribution(
        session, SOME_ID
    ),
    "known keys": lambda session, _: submissions.known_keys(session, ["a", "b"]),
    "files by state": lambda session, _: uploads.counts(session, [SOME_ID]),
    "unfinished files": lambda session, _: uploads.unfinished(session, SOME_ID),
    "entries of an archive": lambda session, _: uploads.entries(session, SOME_ID),
    "expired uploads": lambda session, _: uploads.expired(session, NOW),
    "uploads with bytes": lambda session, _: uploads.with_bytes(session, [SOME_ID]),
    "known pieces": lambda session, _: uploads.known_pieces(session, ["a", "b"]),
    "known recordings": lambda session, _: recordings.known_keys(session, ["a", "b"]),
    "health": lambda session, _: screenings.unfinished_counts(session),
    "waiting screenings": lambda session, _: screenings.waiting_counts(session, "a"),
    "turns": lambda session, _: screenings.waiting_in_turn(session),
    "recent uploads": lambda session, _: screenings.recent_uploads(session, NOW),
    "running screenings": lambda session, _: screenings.running(session),
    "followed screenings": lambda session, _: screenings.versions(session, [SOME_ID]),
    "other screenings": lambda session, _: screenings.others_use(session, SOME_ID, SOME_ID),
    "known screenings": lambda session, _: screenings.known_ids(session, [SOME_ID]),
    "deletion of a recording": lambda session, _: recordings.remove(session, SOME_ID),
    "training under way": lambda session, _: trainings.under_way(session),
    "trainings under way": lambda session, _: trainings.under_way_ids(session),
    "folds of a release": lambda session, _: trainings.folds_by_label(
        session, 1, ["covid19"], [SOME_ID]
    ),
    "end of a training": lambda session, _: trainings.cancel(session, SOME_ID, JobState.CANCELLED),
    "session": lambda session, _: accounts.active_sign_in(session, "a", NOW, DAY),
    "ended sessions": lambda session, _: accounts.delete_expired(session, NOW, DAY),
    "token": lambda session, _: accounts.active_token(session, "a", NOW),
    "tokens": lambda session, _: accounts.tokens(session, SOME_ID),
    "reset": lambda session, _: accounts.redeem_reset(session, "a", NOW),
    "administrators": lambda session, _: people.lock_admins(session),
}
"""What is looked up, counted, changed or deleted."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A release of one recording, a queue of three, one of them reviewed."""
    path: Path = tmp_path_factory.mktemp("plans") / "some.sqlite3"
    url = f"sqlite:///{path}"
    migrations.upgrade(url)
    made = Database.connect(Settings(database_url=url))
    with made.write() as session:
        release = create_release(session)
        create_item(session, release, create_contribution(session, state="approved"), row=ROW)
        for _ in range(3):
            create_prepared(session)
        create_review(session)
        parts.store(session, release, [], parts.current(session, release))
        session.commit()
    yield made
    made.close()


@dataclass(frozen=True)
class Plan:
    """A statement, and the steps in which SQLite executes it."""

    statement: str
    steps: list[str]

    def sorts(self) -> bool:
        """Whether all rows that are found are sorted, instead of read in an index's order."""
        return any(step.startswith("USE TEMP B-TREE FOR ORDER BY") for step in self.steps)

    def scanned(self) -> set[str]:
        """The tables that are read in full: not the first rows of an index, in its order."""
        sorts = any(step.startswith("USE TEMP B-TREE") for step in self.steps)
        stops = "LIMIT" in self.statement and not sorts
        found = [re.match(r"SCAN (\w+?)(_\d+)?( USING .*)?$", step) for step in self.steps]
        return {match[1] for match in found if match and not (match[3] and stops)}


@pytest.fixture
def plans(database: Database) -> Iterator[list[Plan]]:
    """The plan of every statement that is executed."""
    found: list[Plan] = []

    def explain(
        _connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            explaining = cursor.connection.cursor()
            explaining.execute(
                f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters
            )
            found.append(Plan(statement, [row[3] for row in explaining]))

    event.listen(database.engine, "before_cursor_execute", explain)
    yield found
    event.remove(database.engine, "before_cursor_execute", explain)


def assert_nothing_is_scanned(
    database: Database, plans: list[Plan], call: Callable[[Session, User], object]
) -> None:
    with database.write() as session:
        reviewer = create_user(session, "reviewer")
        plans.clear()
        call(session, reviewer)
        session.flush()
        session.rollback()
    assert plans
    for plan in plans:
        assert plan.scanned() & GROWING == set(), plan


@pytest.mark.parametrize("name", [*CALLS, *LOOKUPS])
def test_it_reads_no_growing_table_in_full(
    database: Database, plans: list[Plan], name: str
) -> None:
    assert_nothing_is_scanned(database, plans, {**CALLS, **LOOKUPS}[name])


@pytest.mark.parametrize("name", ORDERED)
def test_it_is_read_in_the_order_of_an_index(
    database: Database, plans: list[Plan], name: str
) -> None:
    assert_nothing_is_scanned(database, plans, ORDERED[name])
    for plan in plans:
        assert not plan.sorts(), plan


@pytest.mark.parametrize(
    "filters",
    [{"label": Label.VIRAL}, {"probe": Probe.LINEAR}, {"source": "ward"}, {"disputed": True}],
    ids=lambda filters: next(iter(filters)),
)
def test_the_length_of_a_filtered_queue_is_counted_in_the_index_of_its_filter(
    database: Database, plans: list[Plan], filters: dict[str, Any]
) -> None:
    with database.read() as session:
        plans.clear()
        reviews.queue_length(session, SOME_ID, reviews.Filters(**filters))
    (column,) = filters
    index = f"COVERING INDEX ix_contributions_queue_{column} (state=? AND {column}=?)"
    assert any(step.endswith(index) for plan in plans for step in plan.steps), plans


def test_near_copies_are_looked_for_in_the_indexes_of_bands_alone(
    database: Database, plans: list[Plan]
) -> None:
    with database.write() as session:
        row = create_contribution(session)
        plans.clear()
        near_copies.record(session, row)
        session.rollback()
    steps = [step for plan in plans for step in plan.steps]
    for band in ("first_band", "second_band", "third_band"):
        index = f"COVERING INDEX ix_fingerprints_{band} ({band}=?)"
        assert f"SEARCH fingerprints USING {index}" in steps


@pytest.mark.parametrize("kind", OF_WORKERS + OF_TRAINERS, ids=lambda kind: kind.name)
def test_a_job_is_leased_and_queued_again_without_a_look_at_those_that_ended(
    database: Database, plans: list[Plan], kind: JobKind[Any]
) -> None:
    def lease_and_requeue(session: Session, _user: User) -> None:
        leases.is_waiting(session, kind, NOW)
        leases.lease(session, kind, NOW, turns=screenings.turns() if kind is SCREENING else None)
        leases.requeue_expired(session, kind, NOW, DAY, 3)

    assert_nothing_is_scanned(database, plans, lease_and_requeue)


def test_a_scan_is_noticed(database: Database, plans: list[Plan]) -> None:
    with database.read() as session:
        session.scalars(select(Review.comment).order_by(Review.comment).limit(1)).all()
        session.scalars(select(ReleaseItem.fold).order_by(ReleaseItem.fold).limit(1)).all()
        session.scalars(select(Review.id).order_by(Review.created_at).limit(1)).all()
    assert [plan.scanned() & GROWING for plan in plans] == [{"reviews"}, {"release_items"}, set()]
