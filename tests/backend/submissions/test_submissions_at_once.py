"""Two at the same moment: of a submit, a withdrawal or a deletion one counts, on any database."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from backend.core.db import Database
from backend.core.errors import ConflictError
from backend.submissions import service
from backend.submissions import submit as submit_service
from backend.tables import AuditEvent, Contribution, User
from tests.factories import create_user
from tests.factories_contributions import create_contribution, create_submission


class TestAtOnce:
    def both(self, *works: Callable[[], Any]) -> list[str]:
        """Run at the same moment, each in its thread; the sorted names of what came of it."""
        start, came = threading.Barrier(len(works)), []

        def run(work: Callable[[], Any]) -> None:
            start.wait()
            try:
                work()
                came.append("done")
            except ConflictError as error:
                came.append(error.code)

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(came)

    def act(self, database: Database, what: Callable[..., Any], user: User, row: UUID) -> Any:
        def work() -> None:
            with database.write() as session:
                if what is submit_service.submit:
                    submit_service.submit(session, user, row, consent=True)
                else:
                    what(session, user, row)
                session.commit()

        return work

    def test_of_two_submits_one_counts(self, database: Database) -> None:
        with database.write() as session:
            user = create_user(session)
            draft = create_submission(session, user)
            for _ in range(5):
                create_contribution(session, draft, state="draft")
            session.commit()
        submit = self.act(database, submit_service.submit, user, draft.id)
        assert self.both(submit, submit, submit) == ["already_submitted"] * 2 + ["done"]
        with database.read() as session:
            events = session.scalars(
                select(AuditEvent.action).where(AuditEvent.action == "contributions.submitted")
            ).all()
        assert len(events) == 5

    def test_of_two_withdrawals_one_counts(self, database: Database) -> None:
        with database.write() as session:
            user = create_user(session)
            row = create_contribution(session, create_submission(session, user))
            session.commit()
        withdraw = self.act(database, submit_service.withdraw, user, row.id)
        assert self.both(withdraw, withdraw) == ["already_withdrawn", "done"]

    def test_a_submit_while_a_recording_is_taken_out(self, database: Database) -> None:
        with database.write() as session:
            user = create_user(session)
            draft = create_submission(session, user)
            rows = [create_contribution(session, draft, state="draft") for _ in range(3)]
            session.commit()

        def take_out() -> None:
            with database.write() as session:
                service.delete_contribution(session, user, rows[0].id)
                session.commit()

        came = self.both(self.act(database, submit_service.submit, user, draft.id), take_out)
        with database.read() as session:
            states = session.scalars(select(Contribution.state)).all()
        if came == ["done", "done"]:
            assert list(states) == ["pending"] * 2
        else:
            assert came == ["already_submitted", "done"]
            assert list(states) == ["pending"] * 3
