"""The answer: how softmax scores become it, and how it is told."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import CLASSES, DISCLAIMER, Square, summarise

SQUARE = Square(3, 4, 50)


def row(covid19: float, pneumonia: float) -> list[float]:
    return [covid19, pneumonia, 1 - covid19 - pneumonia]


@st.composite
def softmax(draw: st.DrawFn) -> list[list[list[float]]]:
    models, frames = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    share = st.floats(0, 0.5)
    return [[row(draw(share), draw(share)) for _ in range(frames)] for _ in range(models)]


def test_a_frame_is_the_mean_of_its_models_and_the_recording_the_mean_of_its_frames() -> None:
    found = summarise(
        [[row(0.8, 0.1), row(0.4, 0.2)], [row(0.6, 0.3), row(0.2, 0.6)]],
        [0.0, 1 / 3],
        SQUARE,
        "pocovidnet-7",
    )
    assert found.frames[0].probabilities == {"covid19": 0.7, "pneumonia": 0.2, "healthy": 0.1}
    assert found.frames[1].probabilities == {"covid19": 0.3, "pneumonia": 0.4, "healthy": 0.3}
    assert found.probabilities == {"covid19": 0.5, "pneumonia": 0.3, "healthy": 0.2}
    assert found.models == (
        {"covid19": 0.6, "pneumonia": 0.15, "healthy": 0.25},
        {"covid19": 0.4, "pneumonia": 0.45, "healthy": 0.15},
    )
    assert (found.label, found.probability) == ("covid19", 0.5)
    assert [(frame.index, frame.time_s) for frame in found.frames] == [(0, 0.0), (1, 0.333)]
    assert (found.crop, found.model_version) == (SQUARE, "pocovidnet-7")


def test_agreement_counts_the_models_that_name_the_label() -> None:
    for_covid, for_pneumonia = [row(0.9, 0.1)], [row(0.4, 0.6)]
    found = summarise([for_covid, for_pneumonia, for_covid, for_covid], [0.0], SQUARE, "v")
    assert (found.label, found.agreement) == ("covid19", 3)


def test_the_majority_may_name_another_class_than_the_mean() -> None:
    sure, unsure = row(1, 0), row(0.4, 0.6)
    found = summarise([[sure, unsure, unsure]], [0, 1, 2], SQUARE, "v")
    assert (found.label, found.majority_vote) == ("covid19", "pneumonia")


def test_the_mean_decides_a_tied_vote() -> None:
    found = summarise([[row(0.6, 0.4), row(0.1, 0.9)]], [0, 1], SQUARE, "v")
    assert found.majority_vote == "pneumonia"
    found = summarise([[row(0.9, 0.1), row(0.4, 0.6)]], [0, 1], SQUARE, "v")
    assert found.majority_vote == "covid19"


@given(softmax())
def test_every_answer_is_a_distribution_that_its_parts_explain(
    scores: list[list[list[float]]],
) -> None:
    found = summarise(scores, [n / 3 for n in range(len(scores[0]))], SQUARE, "v")
    for each in (found.probabilities, *found.models, *(f.probabilities for f in found.frames)):
        assert list(each) == list(CLASSES)
        assert sum(each.values()) == pytest.approx(1, abs=5e-6)
        assert all(0 <= value <= 1 for value in each.values())
    assert (
        found.probability == found.probabilities[found.label] == max(found.probabilities.values())
    )
    assert 0 <= found.agreement <= len(scores)
    assert found.majority_vote in CLASSES
    for key in CLASSES:
        over_models = sum(model[key] for model in found.models) / len(found.models)
        over_frames = sum(f.probabilities[key] for f in found.frames) / len(found.frames)
        assert over_models == pytest.approx(found.probabilities[key], abs=2e-6)
        assert over_frames == pytest.approx(found.probabilities[key], abs=2e-6)


@pytest.mark.parametrize(
    ("scores", "times_s"),
    [
        ([], [0.0]),
        ([[]], []),
        ([[row(1, 0)]], [0.0, 0.3]),
        ([[row(1, 0), row(1, 0)], [row(1, 0)]], [0.0, 0.3]),
        ([[[0.5, 0.5]]], [0.0]),
    ],
    ids=["no model", "no frame", "a time too many", "a frame too few", "two classes"],
)
def test_scores_that_do_not_fit_are_refused(
    scores: list[list[list[float]]], times_s: list[float]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        summarise(scores, times_s, SQUARE, "v")


def test_to_dict_is_plain_json() -> None:
    found = summarise([[row(0.75, 0.25)]] * 5, [0.0], SQUARE, "pocovidnet-1")
    shares = {"covid19": 0.75, "pneumonia": 0.25, "healthy": 0.0}
    told = found.to_dict()
    assert told == {
        "label": "covid19",
        "probability": 0.75,
        "probabilities": shares,
        "models": [{"probabilities": shares}] * 5,
        "majority_vote": "covid19",
        "frames": [
            {"index": 0, "time_s": 0.0, "probabilities": shares, "usable": True, "signs": None}
        ],
        "agreement": 5,
        "crop": {"x": 3, "y": 4, "size": 50},
        "model_version": "pocovidnet-1",
        "usable": True,
        "reasons": [],
        "parts": ["pocovidnet"],
        "signs": None,
        "sentence": None,
        "reliability": None,
        "disclaimer": DISCLAIMER,
    }
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize(
    ("module", "kept_out"),
    [
        ("models.contract", ("numpy", "av", "cv2", "PIL", "tensorflow", "keras", "openvino")),
        ("models.media.sampling", ("tensorflow", "keras", "openvino", "sklearn")),
        ("models.inference.screen", ("tensorflow", "keras", "openvino", "sklearn")),
        ("models.inference.predict", ("tensorflow", "keras", "sklearn")),
    ],
)
def test_a_cheap_module_imports_nothing_dear(module: str, kept_out: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([m for m in {kept_out!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
