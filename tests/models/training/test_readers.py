"""Readers: what they learn from, what they never see, and what they do with little."""

import numpy as np
import pytest

from models.training.readers import (
    STRENGTHS,
    Examples,
    Reader,
    choose_strength,
    fit_readers,
    held_out_readings,
)

CLASSES = 3
FRAMES = 6


def examples(recordings: int = 30, classes: int = CLASSES, seed: int = 0) -> Examples:
    """Recordings of six frames whose first features tell the class, and others nothing."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(recordings), FRAMES)
    labels = (np.arange(recordings) % classes)[owners]
    features = rng.uniform(0, 1, (len(owners), 7))
    features[:, :CLASSES] = 0.3 * features[:, :CLASSES] + 0.5 * np.eye(CLASSES)[labels]
    sources = [f"hospital {number // 3}" for number in range(recordings)]
    return Examples(features.astype(np.float32), labels, owners, sources)


def fold_numbers(recordings: int = 30) -> list[int]:
    return [number // 3 % 5 for number in range(recordings)]


def fitted(of: Examples, folds: list[int]) -> list[Reader]:
    return fit_readers(of, folds, lambda done, total: None)


def test_it_reads_frames_that_it_has_not_seen() -> None:
    data, folds = examples(), fold_numbers()
    scores = held_out_readings(data, folds, fitted(data, folds))
    assert scores.shape == (len(data.labels), CLASSES)
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(scores)), abs=1e-5)
    assert (scores.argmax(axis=1) == data.labels).mean() > 0.95


def test_a_fold_s_reader_has_not_learnt_from_the_fold() -> None:
    data, folds = examples(), fold_numbers()
    before = fitted(data, folds)
    in_fold = np.asarray(folds)[data.recordings] == 2
    changed = data.features.copy()
    changed[in_fold] = 1 - changed[in_fold]
    after = fitted(Examples(changed, data.labels, data.recordings, data.sources), folds)
    for fold, (old, new) in enumerate(zip(before, after, strict=True)):
        same = np.array_equal(old.kernel, new.kernel) and np.array_equal(old.bias, new.bias)
        assert same == (fold == 2)


def test_a_frame_is_read_by_the_reader_of_its_own_fold() -> None:
    data, folds = examples(), fold_numbers()
    readers = fitted(data, folds)
    scores = held_out_readings(data, folds, readers)
    for frame in (0, 40, 100):
        reader = readers[folds[data.recordings[frame]]]
        assert scores[frame] == pytest.approx(reader.softmax(data.features[frame : frame + 1])[0])


def test_a_class_that_no_recording_has_is_never_answered() -> None:
    data, folds = examples(classes=2), fold_numbers()
    scores = held_out_readings(data, folds, fitted(data, folds))
    assert scores[:, 2].max() < 1e-4
    assert (scores.argmax(axis=1) == data.labels).mean() > 0.95


def test_one_class_alone_is_always_the_answer() -> None:
    data, folds = examples(classes=1), fold_numbers()
    assert held_out_readings(data, folds, fitted(data, folds))[:, 0].min() > 0.999


def test_features_on_other_scales_are_read_alike() -> None:
    data, folds = examples(), fold_numbers()
    plain = held_out_readings(data, folds, fitted(data, folds))
    scaled = Examples(20 * data.features + 3, data.labels, data.recordings, data.sources)
    assert held_out_readings(scaled, folds, fitted(scaled, folds)) == pytest.approx(plain, abs=0.01)


def test_without_a_second_source_the_penalty_is_the_middle_one() -> None:
    data = examples()
    alone = Examples(data.features, data.labels, data.recordings, ["one"] * 30)
    assert choose_strength(alone) == STRENGTHS[len(STRENGTHS) // 2]


def test_features_that_tell_nothing_are_penalised_more_than_those_that_do() -> None:
    data = examples()
    rng = np.random.default_rng(5)
    noise = rng.normal(size=data.features.shape).astype(np.float32)
    chance = Examples(noise, data.labels, data.recordings, data.sources)
    assert choose_strength(chance) < choose_strength(data) == STRENGTHS[-1]
