"""Real worker processes and contributions: killed in the middle, they end as if nothing was."""

import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests import media_files
from tests.waiting import wait_until
from tests.worker.contributing import actions, contribute, decide, everything, kept, row
from tests.worker.deployment import Deployment
from worker.contributions.deidentify import deidentify

pytestmark = pytest.mark.timeout(500)

KILLED_WORKER = str(Path(__file__).parents[1] / "killed_worker.py")
IN_THE_PIXELS = 4
PATIENCE_S = 150


def content() -> bytes:
    return media_files.gif(frames=10, frame_ms=200)


def is_over(deployment: Deployment, contribution: UUID) -> bool:
    found = row(deployment, contribution)
    return found.deidentify_state == "done" and found.original_key is None


def test_a_worker_prepares_and_ingests_what_nobody_told_it_of(any_deployment: Deployment) -> None:
    """The rows are enough: upkeep finds them, and the queue's messages may all be lost."""
    contribution = contribute(any_deployment, content())
    any_deployment.start_scheduler()
    any_deployment.start_worker()
    wait_until(lambda: row(any_deployment, contribution).previews_state == "done", PATIENCE_S)
    answer = row(any_deployment, contribution).model_answer
    assert answer is not None
    assert answer.model_version == "stand-in"

    decide(any_deployment, contribution)
    wait_until(lambda: is_over(any_deployment, contribution), PATIENCE_S)
    assert actions(any_deployment, contribution) == [
        "reviews.prepared",
        "reviews.approved",
        "contributions.deidentified",
        "contributions.bytes_deleted",
    ]


def test_a_worker_killed_during_ingest_leaves_the_same_dataset(any_deployment: Deployment) -> None:
    reference = contribute(any_deployment, content(), previews_state="failed")
    decide(any_deployment, reference)
    deidentify.run(str(reference))
    expected = kept(any_deployment, reference)

    contribution = contribute(any_deployment, content(), previews_state="failed")
    decide(any_deployment, contribution)
    any_deployment.start_scheduler()
    any_deployment.start_program(sys.executable, KILLED_WORKER, str(IN_THE_PIXELS), "worker")
    wait_until((any_deployment.settings.data_dir / "died").exists, PATIENCE_S)
    died = row(any_deployment, contribution)
    assert (died.deidentify_state, died.pixels_key) == ("running", None)
    assert died.original_key is not None

    any_deployment.start_worker()
    wait_until(lambda: is_over(any_deployment, contribution), PATIENCE_S)

    found = row(any_deployment, contribution)
    assert found.deidentify_attempt > died.deidentify_attempt
    assert kept(any_deployment, contribution) == expected
    assert found.pixels_sha256 == row(any_deployment, reference).pixels_sha256
    assert actions(any_deployment, contribution).count("contributions.deidentified") == 1
    assert not [
        each for each in everything(any_deployment) if each.key.startswith("contributions/")
    ]
