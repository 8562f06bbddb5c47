"""One screening at a time, in this process: what each thing that can happen leaves behind."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import leases
from backend.storage.keys import signs_key
from backend.tables import Screening, Status
from models.contract import CLASSES, SIGN_MAPS, SIGN_PLACES, Probe, Square
from models.inference.evidence import Evidence, Signs
from models.media import overlay, sampling
from tests.waiting import wait_until
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment, clip, still
from tests.worker.stand_in import StandIn
from worker import predictor
from worker.screenings.task import SHOWN_SIDE, screen


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let something happen while frames are predicted."""

    def arrange(happens: Callable[[], Any]) -> None:
        class Disturbed(StandIn):
            def scores(self, frames: Any) -> Any:
                happens()
                return super().scores(frames)

        monkeypatch.setattr(predictor, "load", Disturbed)

    return arrange


def signing(fails_in_batch: int | None = None) -> Callable[[], StandIn]:
    """Models whose maps over a frame have its number in them."""
    seen: list[int] = []

    class Signing(StandIn):
        def evidence(self, frames: Any) -> Evidence:
            first = sum(seen)
            seen.append(len(frames))
            if len(seen) == fails_in_batch:
                raise RuntimeError("the second batch")
            number = (first + np.arange(len(frames), dtype=np.float32)) / 255
            places = (len(frames), SIGN_PLACES, SIGN_PLACES, len(SIGN_MAPS))
            maps = np.broadcast_to(10 * number[:, None, None, None], places).astype(np.float32)
            cams = 2 * maps[..., : len(CLASSES)].transpose(0, 3, 1, 2)
            whole = np.zeros((len(frames), 1), dtype=np.float32)
            # a stand-in has no reader, so its answer is that of the scores
            return Evidence(self.scores(frames), Signs(maps, whole), cams)

    models = Signing()
    return lambda: models


def run(deployment: Deployment, content: bytes, **changes: Any) -> Screening:
    screening = deployment.queue(content, notify=False, **changes)
    screen.run(str(screening))
    return deployment.row(screening)


class TestAnswer:
    def test_a_still_is_answered(self, deployment: Deployment) -> None:
        row = run(deployment, still())
        assert row.status == Status.DONE.value
        assert row.result is not None
        assert row.result.probabilities == {"covid19": 0.2, "pneumonia": 0.7, "healthy": 0.1}
        assert row.result.agreement == 5
        assert row.result.crop == Square(0, 0, 64)
        assert (row.done, row.total, row.attempt) == (1, 1, 1)
        assert row.model_version == row.result.model_version == "stand-in"
        assert row.started_at is not None
        assert row.finished_at is not None
        assert row.finished_at >= row.started_at

    def test_frames_keep_their_order_and_time(self, deployment: Deployment) -> None:
        row = run(deployment, clip(8))
        assert row.result is not None
        assert [frame.index for frame in row.result.frames] == list(range(8))
        assert [frame.time_s for frame in row.result.frames] == [n / 2 for n in range(8)]

    def test_each_frame_gets_its_own_scores(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Eight frames are more than one batch: their scores must not change places."""
        seen: list[float] = []

        class Counting(StandIn):
            def scores(self, frames: Any) -> Any:
                answer = np.zeros((5, len(frames), 3), dtype=np.float32)
                for n in range(len(frames)):
                    share = len(seen) / 8
                    seen.append(share)
                    answer[:, n] = (share, 1 - share, 0)
                return answer

        counting = Counting()
        monkeypatch.setattr(predictor, "load", lambda: counting)
        row = run(deployment, clip(8))
        assert row.result is not None
        assert [frame.probabilities["covid19"] for frame in row.result.frames] == seen

    def test_the_chosen_square_is_what_is_screened_and_shown(self, deployment: Deployment) -> None:
        row = run(deployment, still(), crop_x=8, crop_y=4, crop_size=40)
        assert row.result is not None
        assert row.result.crop == Square(8, 4, 40)
        with deployment.storage.open(f"frames/{row.id}/0.jpg") as file:
            head = file.read()
        assert head.startswith(b"\xff\xd8")
        assert len(deployment.frames(row.id)) == 1

    def test_a_frame_is_shown_at_most_512_pixels_wide(self, deployment: Deployment) -> None:
        row = run(deployment, still(700))
        with deployment.storage.local(f"frames/{row.id}/0.jpg") as path:
            shown = sampling.probe(path)
        assert (shown.width, shown.height) == (SHOWN_SIDE, SHOWN_SIDE)

    def test_without_a_sign_network_no_maps_are_stored(self, deployment: Deployment) -> None:
        row = run(deployment, clip(2))
        assert deployment.frames(row.id) == {f"frames/{row.id}/{n}.jpg" for n in range(2)}

    def test_the_maps_of_each_frame_are_stored_beside_it(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Eight frames are more than one batch: their maps must not change places."""
        monkeypatch.setattr(predictor, "load", signing())
        row = run(deployment, clip(8))
        for n in range(8):
            with deployment.storage.open(signs_key(row.id, n)) as file:
                maps = overlay.decode(file.read())
            assert (maps[:-3] == 10 * n).all()
            assert (maps[-3:] == 20 * n).all()
        assert len(deployment.frames(row.id)) == 2 * 8

    @pytest.mark.parametrize("probe", Probe)
    def test_the_models_are_told_the_probe(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, probe: Probe
    ) -> None:
        told: list[Probe] = []

        class Told(StandIn):
            def conclude(
                self, evidences: Any, times_s: Any, square: Any, probe: Probe = Probe.CONVEX
            ) -> Any:
                told.append(probe)
                return super().conclude(evidences, times_s, square, probe)

        monkeypatch.setattr(predictor, "load", Told)
        run(deployment, still(), probe=probe)
        assert told == [probe]

    def test_where_it_fails_no_maps_stay(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(predictor, "load", signing(fails_in_batch=2))
        with pytest.raises(RuntimeError, match="the second batch"):
            run(deployment, clip(8))
        assert list(deployment.storage.listing("frames")) == []

    def test_progress_is_seen_while_it_runs(
        self, deployment: Deployment, during: Callable[[Callable[[], Any]], None]
    ) -> None:
        screening = deployment.queue(clip(20), notify=False)
        seen: list[tuple[str, int, int]] = []

        def look() -> None:
            row = deployment.row(screening)
            seen.append((row.status, row.done, row.total))

        during(look)
        screen.run(str(screening))
        assert seen == [("running", done, 20) for done in (0, 6, 12, 18)]

    def test_the_heart_beats_while_the_models_are_busy(
        self,
        deployment: Deployment,
        during: Callable[[Callable[[], Any]], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with_settings(monkeypatch, heartbeat_s=0.02)
        screening = deployment.queue(still(), notify=False)

        def wait_for_a_beat() -> None:
            before = deployment.row(screening).heartbeat_at
            assert before is not None
            wait_until(lambda: deployment.row(screening).heartbeat_at != before, 5)

        during(wait_for_a_beat)
        screen.run(str(screening))
        assert deployment.row(screening).status == Status.DONE.value


class TestClaim:
    @pytest.mark.parametrize("status", [Status.RUNNING, Status.DONE, Status.FAILED])
    def test_only_a_queued_screening_is_run(self, deployment: Deployment, status: Status) -> None:
        row = run(deployment, still(), status=status.value, attempt=1)
        assert (row.status, row.attempt, row.result) == (status.value, 1, None)
        assert not deployment.frames(row.id)

    def test_an_unknown_id_is_no_error(self, deployment: Deployment) -> None:
        screen.run(str(uuid4()))

    def test_whoever_is_first_in_turn_is_run_whatever_the_message_names(
        self, deployment: Deployment
    ) -> None:
        moment = utc_now()
        mine = [
            deployment.queue(
                still(), notify=False, client="a", queued_at=moment + timedelta(seconds=n)
            )
            for n in range(3)
        ]
        newcomer = deployment.queue(
            still(), notify=False, client="b", queued_at=moment + timedelta(seconds=9)
        )
        for _ in range(2):
            screen.run(str(mine[2]))
        ended = {each: deployment.row(each).status for each in (*mine, newcomer)}
        assert ended == {
            mine[0]: Status.DONE.value,
            mine[1]: Status.QUEUED.value,
            mine[2]: Status.QUEUED.value,
            newcomer: Status.DONE.value,
        }


class TestFailure:
    def test_changed_bytes_are_not_screened(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False)
        deployment.storage.put_bytes(deployment.recording(screening).storage_key, clip(2))
        screen.run(str(screening))
        row = deployment.row(screening)
        assert (row.status, row.error_code) == ("failed", "recording_damaged")

    def test_missing_bytes_are_named(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False)
        deployment.storage.delete(deployment.recording(screening).storage_key)
        screen.run(str(screening))
        row = deployment.row(screening)
        assert (row.status, row.error_code) == ("failed", "recording_missing")

    def test_what_the_decoder_refuses_is_told_in_its_words(self, deployment: Deployment) -> None:
        row = run(deployment, still(), crop_x=60, crop_size=64)
        assert (row.status, row.error_code) == ("failed", "crop_outside")
        assert row.error_message
        assert "64" in row.error_message

    def test_a_recording_that_takes_too_long_is_told_so(
        self, deployment: Deployment, during: Callable[[Callable[[], Any]], None]
    ) -> None:
        during(_raise(SoftTimeLimitExceeded()))
        row = run(deployment, still())
        assert (row.status, row.error_code) == ("failed", "too_slow")

    def test_our_own_mistake_tells_people_nothing_of_its_insides(
        self, deployment: Deployment, during: Callable[[Callable[[], Any]], None]
    ) -> None:
        during(_raise(ZeroDivisionError("secret detail")))
        screening = deployment.queue(still(), notify=False)
        with pytest.raises(ZeroDivisionError):
            screen.run(str(screening))
        row = deployment.row(screening)
        assert (row.status, row.error_code) == ("failed", "internal_error")
        assert row.error_message
        assert "secret" not in row.error_message

    def test_a_failure_leaves_no_frames(self, deployment: Deployment, monkeypatch: Any) -> None:
        class Tiring(StandIn):
            rounds = 0

            def scores(self, frames: Any) -> Any:
                self.rounds += 1
                if self.rounds > 1:
                    raise SoftTimeLimitExceeded
                return super().scores(frames)

        tiring = Tiring()
        monkeypatch.setattr(predictor, "load", lambda: tiring)
        row = run(deployment, clip(20))
        assert row.status == "failed"
        assert not deployment.frames(row.id)

    def test_a_storage_that_is_away_costs_no_attempt(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screening = deployment.queue(still(), notify=False)
        monkeypatch.setattr(
            deployment.storage, "put_bytes", _raise(StorageUnreachableError("away"))
        )
        screen(str(screening))
        row = deployment.row(screening)
        assert (row.status, row.attempt, row.lost, row.error_code) == ("queued", 1, 0, None)


class TestLost:
    def test_deleted_while_it_runs_it_leaves_nothing(
        self, deployment: Deployment, during: Callable[[Callable[[], Any]], None]
    ) -> None:
        screening = deployment.queue(still(), notify=False)
        during(lambda: deployment.delete(screening))
        screen.run(str(screening))
        assert not deployment.frames(screening)

    def test_taken_by_another_attempt_it_writes_nothing_and_keeps_the_frames(
        self, deployment: Deployment, during: Callable[[Callable[[], Any]], None]
    ) -> None:
        screening = deployment.queue(still(), notify=False)
        during(lambda: deployment.change(deployment.row(screening), attempt=2))
        screen.run(str(screening))
        row = deployment.row(screening)
        assert (row.status, row.attempt, row.result) == ("running", 2, None)
        assert deployment.frames(screening)

    def test_a_heartbeat_that_finds_the_row_gone_stops_the_work(
        self,
        deployment: Deployment,
        during: Callable[[Callable[[], Any]], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Without the heart it would notice only after the batch; with it, before the next."""
        with_settings(monkeypatch, heartbeat_s=0.02)
        lost = threading.Event()
        real = leases.renew

        def listen(*arguments: Any) -> None:
            try:
                real(*arguments)
            except leases.LeaseLostError:
                lost.set()
                raise

        monkeypatch.setattr(leases, "renew", listen)
        screening = deployment.queue(clip(20), notify=False)

        def delete_and_wait() -> None:
            deployment.delete(screening)
            assert lost.wait(5)

        during(delete_and_wait)
        screen.run(str(screening))
        assert lost.is_set()
        assert not deployment.frames(screening)


def _raise(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> None:
        raise error

    return fail
