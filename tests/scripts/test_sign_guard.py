"""What the guard of the sign network's narrow numbers counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.contract import LUNG, SIGN_MAPS, SIGN_PLACES
from models.data.index import Entry
from models.data.metadata import RecordingMetadata
from models.inference.answer import Method
from models.inference.evidence import Signs
from scripts.bench.sign_guard import Compared, compare
from tests.models.small_artifact import FOLDS, manifest
from tests.models.small_signs import WHOLE, answer, readers

METHOD = Method.of(manifest(answer=answer()), SIGN_MAPS, WHOLE, readers())
FRAMES = 4


def recording(number: int, *, effusion: bool) -> Compared:
    """Of four frames that show a lung, with an effusion that is seen where there is one."""
    rng = np.random.default_rng(number)
    maps = rng.random((FRAMES, SIGN_PLACES, SIGN_PLACES, len(SIGN_MAPS)), dtype=np.float32)
    whole = np.full((FRAMES, len(WHOLE)), 0.9, dtype=np.float32)
    whole[:, WHOLE.index("effusion")] = 0.8 if effusion else 0.2
    signs = Signs(maps, whole)
    entry = Entry(
        key=f"{number}.png",
        path=Path(f"{number}.png"),
        label="healthy",
        probe="convex",
        kind="image",
        patient="",
        source="",
        licence="",
        sha256=str(number),
        metadata=RecordingMetadata(findings={"effusion": effusion}),
    )
    softmax = np.full((FOLDS, FRAMES, 3), 1 / 3, dtype=np.float32)
    return Compared(entry, softmax, signs, signs)


def changed(each: Compared, sign: str, value: float, frames: int) -> Compared:
    """The narrow numbers say otherwise of a sign in the first frames."""
    whole = each.narrow.whole.copy()
    whole[:frames, WHOLE.index(sign)] = value
    return replace(each, narrow=Signs(each.narrow.maps, whole))


RECORDINGS = [recording(0, effusion=True), recording(1, effusion=False)]


def test_the_same_numbers_differ_in_nothing() -> None:
    found = compare(METHOD, RECORDINGS)
    assert (found["recordings"], found["frames"]) == (2, 2 * FRAMES)
    for name in ("same_class", "same_usable", "same_class_recordings", "same_refusal"):
        assert found[name] == 1
    for kind in ("maps", "whole"):
        assert found[f"{kind}_mean_difference"] == found[f"{kind}_largest_difference"] == 0
    assert found["areas"] == {"effusion": {"noted": 1, "narrow": 1, "exact": 1}}


def test_a_frame_that_shows_no_lung_in_one_is_counted() -> None:
    found = compare(METHOD, [changed(RECORDINGS[0], LUNG, 0.1, 1), RECORDINGS[1]])
    assert found["same_usable"] == 1 - 1 / (2 * FRAMES)
    assert found["same_refusal"] == 0.5, "a frame is left out, and that is said"
    assert found["whole_largest_difference"] == pytest.approx(0.8)
    assert found["whole_mean_difference"] == pytest.approx(0.8 / (2 * FRAMES * len(WHOLE)))


def test_a_recording_refused_in_one_is_counted() -> None:
    found = compare(METHOD, [changed(RECORDINGS[0], LUNG, 0.1, FRAMES), RECORDINGS[1]])
    assert found["same_refusal"] == 0.5


def test_areas_are_those_of_each_precision() -> None:
    found = compare(METHOD, [changed(RECORDINGS[0], "effusion", 0.1, FRAMES), RECORDINGS[1]])
    assert found["areas"]["effusion"] == {"noted": 1, "narrow": 0, "exact": 1}


def test_answers_of_another_class_are_counted() -> None:
    each = RECORDINGS[0]
    other = Signs(1 - each.narrow.maps, np.zeros_like(each.narrow.whole))
    scores = (
        [
            METHOD.readers.softmax(signs).mean(axis=0).argmax(axis=1)
            for signs in (other, each.narrow)
        ]
        if METHOD.readers
        else []
    )
    assert (scores[0] != scores[1]).all(), "the readers name another class"
    found = compare(METHOD, [replace(each, narrow=other), RECORDINGS[1]])
    assert found["same_class"] == 0.5
