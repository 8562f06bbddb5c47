"""What the load run of outages plans, counts as wrong, and tells of each outage."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from backend.tables import Screening
from scripts.load.browsers import Asked, Notes
from scripts.load.outages import KINDS, Outage, judge, plan, table
from tests.outages import Broker


def screening(
    number: int,
    *,
    status: str = "done",
    created: float = 0,
    claimed: float | None = None,
    finished: float | None = None,
) -> Screening:
    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    return Screening(
        id=UUID(int=number),
        status=status,
        attempt=1,
        result={} if status != "done" else {"label": "healthy"},
        error_code="internal_error" if status == "failed" else None,
        created_at=at(created),
        claimed_at=at(claimed),
        finished_at=at(finished),
    )


def test_a_seed_plans_the_same_outages_of_every_kind_and_of_1_to_30_seconds() -> None:
    planned = plan(20, seed=7)
    assert planned == plan(20, seed=7)
    assert planned != plan(20, seed=8)
    assert Counter(each.kind for each in planned) == dict.fromkeys(KINDS, 4)
    assert all(1 <= each.seconds <= 30 for each in planned)
    assert all(hasattr(Broker, each) for each in KINDS)


def test_an_outage_is_told_by_what_finished_and_when_all_of_before_was_made_good() -> None:
    rows = [
        screening(1, created=5, claimed=6, finished=12),
        screening(2, created=11, claimed=24, finished=26),
        screening(3, created=21, claimed=27, finished=28),  # came when it was over
        screening(4, created=29, claimed=55, finished=56),
    ]
    found = table([Outage("killed", 10, 20), Outage("frozen", 30, 50)], rows)
    assert found["outage 1"] == {
        "kind": "killed   ",
        "seconds": 10,
        "finished_during": 1,
        "finished_after": 2,
        "taken_after_s": 4,
        "caught_up_s": 6,
    }
    assert (found["outage 2"]["taken_after_s"], found["outage 2"]["caught_up_s"]) == (5, 6)


def test_what_waits_for_ever_is_never_caught_up_with() -> None:
    waits = screening(1, status="queued", created=11)
    last = table([Outage("flushed", 10, 20)], [waits])["outage 1"]
    assert (last["taken_after_s"], last["caught_up_s"]) == (None, None)


def test_stuck_lost_doubled_failed_and_unlogged_screenings_are_counted() -> None:
    rows = [
        screening(1),
        screening(2, status="queued"),
        screening(3, status="failed"),
        screening(4),
        screening(5),
    ]
    notes = Notes()
    for number in (1, 2, 3, 4, 5, 6):  # of the sixth there is no row
        asked = Asked("still", "browser-0")
        asked.end = {"status": "done", "result": {"label": "healthy"}, "error": None}
        notes.asked[str(UUID(int=number))] = asked
    written = {str(UUID(int=1)): 1, str(UUID(int=4)): 2}

    answers, errors = judge(notes, {str(row.id): row for row in rows}, written)

    assert (answers["stuck"], answers["lost"], answers["doubled"]) == (1, 2, 1)
    assert errors == {"failed": 1, "done, and not in the log": 1}
