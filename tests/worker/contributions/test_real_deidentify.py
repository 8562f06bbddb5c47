"""Real worker processes and contributions: killed in the middle, they end as if nothing was."""

import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests import media_files
from tests.worker.contributing import actions, contribute, decide, everything, kept, row
from tests.worker.house import House, wait_until
from worker.contributions.deidentify import deidentify

pytestmark = pytest.mark.timeout(500)

DYING = str(Path(__file__).parents[1] / "dying.py")
IN_THE_PIXELS = 4
PATIENCE_S = 150


def content() -> bytes:
    return media_files.gif(frames=10, frame_ms=200)


def is_over(house: House, contribution: UUID) -> bool:
    found = row(house, contribution)
    return found.ingest_state == "done" and found.original_key is None


def test_a_worker_prepares_and_ingests_what_nobody_told_it_of(any_house: House) -> None:
    """The rows are enough: upkeep finds them, and the queue's messages may all be lost."""
    contribution = contribute(any_house, content())
    any_house.start_scheduler()
    any_house.start_worker()
    wait_until(lambda: row(any_house, contribution).prep_state == "done", PATIENCE_S)
    answer = row(any_house, contribution).model_answer
    assert answer is not None
    assert answer["model_version"] == "stand-in"

    decide(any_house, contribution)
    wait_until(lambda: is_over(any_house, contribution), PATIENCE_S)
    assert actions(any_house, contribution) == [
        "reviews.prepared",
        "reviews.approved",
        "contributions.deidentified",
        "contributions.bytes_deleted",
    ]


def test_a_worker_killed_during_ingest_leaves_the_same_dataset(any_house: House) -> None:
    reference = contribute(any_house, content(), prep_state="failed")
    decide(any_house, reference)
    deidentify.run(str(reference))
    expected = kept(any_house, reference)

    contribution = contribute(any_house, content(), prep_state="failed")
    decide(any_house, contribution)
    any_house.start_scheduler()
    any_house.start_program(sys.executable, DYING, str(IN_THE_PIXELS), "worker")
    wait_until((any_house.settings.data_dir / "died").exists, PATIENCE_S)
    died = row(any_house, contribution)
    assert (died.ingest_state, died.pixels_key) == ("running", None)
    assert died.original_key is not None

    any_house.start_worker()
    wait_until(lambda: is_over(any_house, contribution), PATIENCE_S)

    found = row(any_house, contribution)
    assert found.ingest_attempt > died.ingest_attempt
    assert kept(any_house, contribution) == expected
    assert found.pixels_sha256 == row(any_house, reference).pixels_sha256
    assert actions(any_house, contribution).count("contributions.deidentified") == 1
    assert not [each for each in everything(any_house) if each.key.startswith("contributions/")]
