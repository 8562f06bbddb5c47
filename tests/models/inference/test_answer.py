"""From what the networks say to an answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.contract import (
    CLASSES,
    CONVEX,
    LUNG,
    SIGN_MAPS,
    SIGNS,
    Prediction,
    Probe,
    ReasonCode,
    Reliability,
    Square,
    summarise,
)
from models.inference.answer import Method, Readers, feature_names, features
from models.inference.evidence import Evidence, Signs
from tests.models.small_artifact import FOLDS, manifest
from tests.models.small_signs import FEATURES, WHOLE, answer, readers

SQUARE = Square(0, 0, 64)


def signs(*frames: dict[str, float]) -> Signs:
    """Frames that show a lung by a convex probe, but for what is said of them."""
    whole = np.zeros((len(frames), len(WHOLE)), dtype=np.float32)
    for row, values in zip(whole, frames, strict=True):
        for name, value in {LUNG: 0.9, CONVEX: 0.9, **values}.items():
            row[WHOLE.index(name)] = value
    maps = np.random.default_rng(8).random((len(frames), 14, 14, len(SIGN_MAPS)), dtype=np.float32)
    return Signs(maps, whole)


def softmax(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Scores of five models that differ."""
    drawn = np.random.default_rng(seed).dirichlet((1, 1, 1), (FOLDS, count))
    return drawn.astype(np.float32)


def method(**changes: Any) -> Method:
    return Method.of(manifest(answer=answer(**changes)), SIGN_MAPS, WHOLE, readers())


def conclude(
    how: Method, found: Signs | None, probe: Probe = Probe.CONVEX, seed: int = 0
) -> Prediction:
    count = 3 if found is None else len(found.whole)
    times_s = [n / 3 for n in range(count)]
    return how.conclude([Evidence(softmax(count, seed), found)], times_s, SQUARE, probe)


def row(values: dict[str, float]) -> npt.NDArray[np.float64]:
    return np.array([values[key] for key in CLASSES])


def test_features_are_means_maxima_and_shares_of_maps_and_the_signs_of_the_whole() -> None:
    maps = np.zeros((2, 14, 14, 2), dtype=np.float32)
    maps[0, 0, :7, 0] = 0.5
    maps[1, 3, 4, 1] = 0.98
    found = features(Signs(maps, np.array([[0.25], [0.75]], dtype=np.float32)))
    names = feature_names(("pleura", "effusion"), ("lung",))
    assert found.shape == (2, len(names))
    assert found.dtype == np.float32
    first, second = (dict(zip(names, row, strict=True)) for row in found.tolist())
    assert first["pleura_mean"] == pytest.approx(0.5 * 7 / 196)
    assert first["pleura_maximum"] == 0.5
    assert first["pleura_share"] == pytest.approx(7 / 196)
    assert first["effusion_mean"] == first["effusion_maximum"] == first["effusion_share"] == 0
    assert second["effusion_maximum"] == pytest.approx(0.98)
    assert second["effusion_share"] == pytest.approx(1 / 196)
    assert (first["lung"], second["lung"]) == (0.25, 0.75)


class TestPlain:
    """An artifact that does not say how it answers gives the mean of its models."""

    def test_is_the_mean_as_ever(self) -> None:
        how = Method.of(manifest())
        parts = [Evidence(softmax(2, seed=1)), Evidence(softmax(1, seed=2))]
        found = how.conclude(parts, [0, 1, 2], SQUARE)
        scores = np.concatenate([each.softmax for each in parts], axis=1)
        assert found == summarise(scores.tolist(), [0, 1, 2], SQUARE, "pocovidnet-test")
        assert (found.parts, found.signs, found.sentence) == (("pocovidnet",), None, None)

    def test_a_linear_probe_is_not_answered_for(self) -> None:
        found = conclude(Method.of(manifest()), None, Probe.LINEAR)
        assert not found.usable
        assert [each.code for each in found.reasons] == [ReasonCode.LINEAR_PROBE]


class TestReaders:
    def test_are_regressions_on_features(self) -> None:
        found, values = signs({}, {"effusion": 0.7}), readers()
        answers = Readers.of(values, FEATURES, FEATURES, FOLDS).softmax(found)
        assert answers.shape == (FOLDS, 2, 3)
        powers = np.exp(features(found)[1] @ values["fold3/kernel"] + values["fold3/bias"])
        assert answers[3, 1] == pytest.approx(powers / powers.sum(), abs=1e-5)

    def test_see_the_features_that_they_name_in_their_order(self) -> None:
        found, names = signs({"effusion": 0.7}), ("effusion", "pleura_mean")
        values = {
            "fold0/kernel": np.array([[1.0, 0, 0], [0, 1, 0]]),
            "fold0/bias": np.zeros(3),
        }
        ((scores,),) = Readers.of(values, names, FEATURES, 1).softmax(found)
        logits = np.array([0.7, found.maps[0, :, :, 0].mean(), 0])
        assert scores == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-5)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"fold1/kernel": np.zeros((3, 3))}, r"fold1/kernel of shape \(36, 3\), got \(3, 3\)"),
            ({"fold4/bias": None}, r"expected fold4/bias of shape \(3,\), got nothing"),
            ({"fold5/bias": np.zeros(3)}, r"expected fold5/bias of shape nothing, got \(3,\)"),
        ],
        ids=["shape", "missing", "one more"],
    )
    def test_others_are_refused(self, changes: dict[str, Any], message: str) -> None:
        values = {name: value for name, value in (readers() | changes).items() if value is not None}
        with pytest.raises(ValueError, match=message):
            Readers.of(values, FEATURES, FEATURES, FOLDS)

    def test_an_unknown_feature_is_named(self) -> None:
        with pytest.raises(ValueError, match="no feature 'haze'"):
            Readers.of(readers(), ("haze",), FEATURES, FOLDS)


class TestMethod:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"share": 1.5}, "share from 0 to 1, got 1.5"),
            ({"temperature": {"both": 0}}, "temperatures above 0"),
            ({"temperature": {"all": 1}}, "unknown temperatures"),
            ({"usable": {"lung": 0.5}}, "expected thresholds"),
            ({"features": []}, "readers without"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_other_values_are_refused(self, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            method(**changes)

    def test_what_it_needs_must_be_there(self) -> None:
        with pytest.raises(ValueError, match="needs a sign network"):
            Method.of(manifest(answer=answer(features=[])))
        with pytest.raises(ValueError, match="names features without"):
            Method.of(manifest(answer=answer()), SIGN_MAPS, WHOLE)

    @pytest.mark.parametrize(
        ("maps", "names", "message"),
        [
            (SIGN_MAPS[1:], WHOLE, "expected maps"),
            (SIGN_MAPS, WHOLE[1:], "expected a sign 'a_lines'"),
        ],
    )
    def test_signs_of_another_network_are_refused(
        self, maps: Sequence[str], names: Sequence[str], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            Method.of(manifest(answer=answer()), maps, names, readers())


class TestProbabilities:
    def test_are_the_calibrated_weighted_mean(self) -> None:
        found = signs({}, {"effusion": 0.8}, {"b_lines": 0.9})
        read = Readers.of(readers(), FEATURES, FEATURES, FOLDS).softmax(found)
        mean = (0.75 * softmax(3) + 0.25 * read).mean(axis=(0, 1)).astype(np.float64)
        expected = mean ** (1 / 1.5) / (mean ** (1 / 1.5)).sum()
        result = conclude(method(share=0.25), found)
        assert row(result.probabilities) == pytest.approx(expected, abs=1e-5)
        assert result.parts == ("pocovidnet", "signs")
        assert result.label == CLASSES[int(mean.argmax())]
        assert result.probability == max(result.probabilities.values())
        assert len(result.models) == FOLDS

    def test_one_frame_says_what_the_recording_says(self) -> None:
        result = conclude(method(), signs({}))
        assert result.frames[0].probabilities == result.probabilities

    def test_calibration_changes_no_class_and_no_vote(self) -> None:
        found = signs({}, {"effusion": 0.8}, {"b_lines": 0.9})
        for seed in range(5):
            sharp, plain = (
                conclude(method(temperature=each), found, seed=seed) for each in ({"both": 0.2}, {})
            )
            for name in ("label", "majority_vote", "agreement"):
                assert getattr(sharp, name) == getattr(plain, name)
            assert sharp.probability > plain.probability

    def test_pocovidnet_alone_keeps_its_own_temperature_and_the_refusal(self) -> None:
        how = method().without_readers()
        result = conclude(how, signs({}, {}))
        mean = softmax(2).mean(axis=(0, 1)).astype(np.float64) ** (1 / 2.0)
        assert row(result.probabilities) == pytest.approx(mean / mean.sum(), abs=1e-5)
        assert (result.parts, result.reliability) == (("pocovidnet",), None)
        assert not conclude(how, signs({LUNG: 0.1})).usable

    def test_a_linear_probe_is_answered_by_signs_alone(self) -> None:
        found = signs({CONVEX: 0.1}, {CONVEX: 0.2})
        read = Readers.of(readers(), FEATURES, FEATURES, FOLDS).softmax(found)
        mean = read.mean(axis=(0, 1)).astype(np.float64) ** (1 / 0.5)
        result = conclude(method(), found, Probe.LINEAR)
        assert result.usable
        assert result.parts == ("signs",)
        assert row(result.probabilities) == pytest.approx(mean / mean.sum(), abs=1e-5)
        assert result.reliability is None, "nothing is known of how often these are right"

    def test_reliability_is_that_of_answers_as_sure(self) -> None:
        bins = [
            {"low": 0.33, "high": 0.6, "right": 3, "answers": 5},
            {"low": 0.6, "high": 1.0, "right": 7, "answers": 8},
        ]
        unsure = conclude(method(reliability=bins, temperature={"both": 9.0}), signs({}))
        sure = conclude(method(reliability=bins, temperature={"both": 0.001}), signs({}))
        assert unsure.reliability == Reliability(3, 5, 0.33, 0.6)
        assert sure.probability == 1
        assert sure.reliability == Reliability(7, 8, 0.6, 1.0), "the last end is in it"
        assert conclude(method(reliability=[]), signs({})).reliability is None


class TestUsable:
    def test_frames_without_a_lung_are_left_out_and_said(self) -> None:
        good, bad = {"b_lines": 0.8}, {LUNG: 0.2, "b_lines": 0.1}
        found = signs(good, bad, good)
        result = conclude(method(), found)
        assert result.usable
        assert [frame.usable for frame in result.frames] == [True, False, True]
        (reason,) = result.reasons
        assert reason.code is ReasonCode.FRAMES_LEFT_OUT
        assert reason.message == "1 of 3 frames shows no lung and was left out."
        assert result.signs is not None
        assert result.signs["b_lines"].probability == pytest.approx(0.8)
        assert result.signs["b_lines"].frames == 2
        kept = Evidence(softmax(3)[:, [0, 2]], Signs(found.maps[[0, 2]], found.whole[[0, 2]]))
        alone = method().conclude([kept], [0, 1], SQUARE)
        assert result.probabilities == alone.probabilities
        assert result.models == alone.models

    def test_a_frozen_clip_is_answered_and_said_to_be_one(self) -> None:
        found = signs({}, {LUNG: 0.1}, {}, {})
        found.maps[[2, 3]] = found.maps[0] + np.float32(0.05)
        result = conclude(method(), found)
        assert result.usable
        assert [each.code for each in result.reasons] == [
            ReasonCode.FRAMES_LEFT_OUT,
            ReasonCode.FROZEN,
        ]
        assert "All 3 frames show the same picture" in result.reasons[1].message

    @pytest.mark.parametrize(("count", "change"), [(2, 0.0), (3, 0.2)])
    def test_a_clip_that_moves_at_one_place_or_is_too_short_is_not_frozen(
        self, count: int, change: float
    ) -> None:
        found = signs(*[{}] * count)
        found.maps[:] = 0.3
        found.maps[-1, 4, 5, 0] += change
        assert conclude(method(), found).reasons == ()

    def test_the_number_of_frames_left_out_is_told_in_plain_words(self) -> None:
        result = conclude(method(), signs({}, {}, {}, {LUNG: 0}, {LUNG: 0}, {CONVEX: 0}))
        assert [each.message for each in result.reasons] == [
            "2 of 6 frames show no lung and were left out.",
            "1 of 6 frames looks like another probe's and was left out.",
        ]

    @pytest.mark.parametrize(
        ("frame", "probe", "code"),
        [
            ({LUNG: 0.1}, Probe.CONVEX, ReasonCode.NOT_LUNG),
            ({LUNG: 0.1, CONVEX: 0.1}, Probe.CONVEX, ReasonCode.NOT_LUNG),
            ({CONVEX: 0.1}, Probe.CONVEX, ReasonCode.LINEAR_PROBE),
            ({}, Probe.LINEAR, ReasonCode.NOT_LINEAR_PROBE),
            ({LUNG: 0.1, CONVEX: 0.1}, Probe.LINEAR, ReasonCode.NOT_LUNG),
        ],
    )
    def test_others_are_refused(
        self, frame: dict[str, float], probe: Probe, code: ReasonCode
    ) -> None:
        result = conclude(method(), signs(frame, frame, frame), probe)
        assert not result.usable
        assert [each.code for each in result.reasons] == [code]
        assert len(result.frames) == 3
        assert not any(each.usable for each in result.frames)
        assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-5), "if asked anyway"

    @pytest.mark.parametrize(
        ("coloured", "frame", "codes"),
        [
            ([0.0, 0.02, 0.03], {}, []),
            ([0.0, 0.02, 0.1], {}, [ReasonCode.FRAMES_LEFT_OUT]),
            ([0.0, 0.2, 0.1], {}, [ReasonCode.COLOURED]),
            ([0.2, 0.2, 0.1], {}, [ReasonCode.COLOURED]),
            ([0.2, 0.2, 0.1], {CONVEX: 0.1}, [ReasonCode.COLOURED]),
            ([0.2, 0.2, 0.1], {LUNG: 0.1}, [ReasonCode.NOT_LUNG]),
        ],
    )
    def test_colour_is_not_answered_for(
        self, coloured: list[float], frame: dict[str, float], codes: list[ReasonCode]
    ) -> None:
        shares = np.array(coloured)
        found, how = signs(frame, frame, frame), method()
        parts = [Evidence(softmax(3), found, coloured=shares)]
        result = how.conclude(parts, [0, 1, 2], SQUARE)
        assert [each.code for each in result.reasons] == codes
        assert how.refusal(found, coloured=shares) is (None if result.usable else codes[0])
        assert [each.usable for each in result.frames] == [
            share <= 0.03 and not frame for share in coloured
        ]

    def test_frames_left_out_for_their_colour_are_told(self) -> None:
        shares = np.array([0.5, 0.0, 0.0, 0.0])
        evidence = Evidence(softmax(4), signs({}, {}, {}, {LUNG: 0}), coloured=shares)
        result = method().conclude([evidence], [0, 1, 2, 3], SQUARE)
        assert [each.message for each in result.reasons] == [
            "1 of 4 frames is in colour and was left out.",
            "1 of 4 frames shows no lung and was left out.",
        ]

    def test_the_share_of_usable_frames_decides(self) -> None:
        for share, usable in ((0.4, True), (0.6, False)):
            limits = {"lung": 0.5, "convex": 0.5, "frames": share}
            assert conclude(method(usable=limits), signs({}, {LUNG: 0})).usable is usable

    def test_without_thresholds_everything_is_answered(self) -> None:
        assert conclude(method(usable={}), signs({LUNG: 0, CONVEX: 0})).usable


def test_signs_are_told_of_each_frame_and_of_the_recording() -> None:
    result = conclude(method(), signs({"effusion": 0.9}, {"effusion": 0.3}))
    assert result.signs is not None
    assert tuple(result.signs) == SIGNS
    found = result.signs["effusion"]
    assert found.probability == pytest.approx(0.6)
    assert found.highest == pytest.approx(0.9)
    assert found.frames == 1
    assert result.frames[1].signs is not None
    assert result.frames[1].signs["effusion"] == pytest.approx(0.3)
    assert result.sentence is not None
    assert "ffusion" in result.sentence
