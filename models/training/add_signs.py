"""From an artifact of POCOVID-Net alone to one that reads signs and refuses what is no lung."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, CONVEX, FRAME_SIDE, Manifest
from models.data.extraction import FRAMES, FrameCache
from models.data.index import DatasetError, Entry, read_index
from models.evaluation import held_out
from models.inference import artifact
from models.inference.artifact import ArtifactError, Weights
from models.inference.calibration import FRAME_STEP, calibrate_signs
from models.inference.lung_test import Features, LungTest
from models.inference.sign_reader import FeatureReader
from models.inference.sign_weights import SignWeights
from models.inference.signs import SignEngine
from models.media.sampling import MediaError, read_inputs
from models.phantom.draw import draw
from models.phantom.machine import random_machine
from models.phantom.others import OtherKind, draw_other
from models.phantom.scene import random_scene
from models.training.answer import Progress, make_answer
from models.training.refusal import Pictures, fit_lung_test, held_out_probabilities

DRAWN = 1_500
"""Drawings of lungs, and as many of other things, from which the refusal learns too."""

USABLE_FRAMES = 0.34
"""Least share of a recording's frames that must show a lung: a third."""

CONVEX_FROM = 0.03
"""Least probability of a convex probe in a frame that is answered as such: low, since squares cut
from the middle of a convex field show none of its edges. Chosen on the recordings of the dataset.
"""

FURTHER_LUNGS = "further recordings"
"""Name of what `other_lungs` holds, where refusals are counted by source."""

_REFUSED_LUNGS = 0.01
_SEED = 2_000_003
_BATCH = 32


def add_signs(
    folder: Path,
    signs: SignWeights,
    data: Path,
    other_lungs: Path,
    others: Path,
    work: Path,
    out: Path,
    progress: Progress,
) -> Manifest:
    """Write a new artifact: POCOVID-Net as it is, with the sign network, readers and refusal.

    Args:
        folder: an artifact without signs.
        signs: what `pocovid train-signs` wrote.
        data: folder in the layout of the public dataset, with all its training recordings.
        other_lungs: folder of further recordings of lungs that must not be refused; pictures of
            one recording share `recording_id` in its `manifest.csv`, which lists each `file`.
        others: folder of pictures that are no lung ultrasound; `manifest.csv` lists each `file`
            and its `kind`.
        work: folder that keeps extracted frames.
        out: folder of the new artifact; its name is its version.
        progress: called after every step.

    Raises:
        ArtifactError, HeldOutError: an artifact cannot be read, or has signs already.
        DatasetError: a recording or a picture is missing or cannot be read.
    """
    if out.exists():
        raise ArtifactError(f"{out} exists and artifacts are never modified.")
    manifest, weights = artifact.load(folder)
    if weights.signs is not None:
        raise ArtifactError(f"{manifest.version} has signs already: start from one without.")
    entries = _trained_entries(manifest, data)
    frames = _frames(entries, FrameCache(work / FRAMES), progress)
    test, refusal = _fit_refusal(
        signs, manifest, weights, entries, frames, data, other_lungs, others, work, progress
    )
    signs = _calibrated(replace(signs, lung_test=test.values()), frames, progress)
    counts = [len(each) for each in frames]
    answer = make_answer(
        signs,
        np.concatenate(frames),
        np.repeat([CLASSES.index(entry.label) for entry in entries], counts),
        np.repeat(np.arange(len(entries)), counts),
        entries,
        _splits(manifest, weights),
        manifest.group,
        weights.scores,
        progress,
    )
    description = answer.description | refusal
    complete = Manifest(
        **{
            **asdict(manifest),
            "version": out.name,
            "created": datetime.now(UTC).date().isoformat(),
            "answer": description,
            "metrics": description["metrics"]["both"],
        }
    )
    curves = folder / artifact.CURVES
    return artifact.save(
        out,
        complete,
        Weights(
            weights.trunk,
            weights.heads,
            weights.calibration,
            answer.scores,
            signs,
            answer.reader_weights(),
        ),
        curves.read_bytes() if curves.is_file() else None,
    )


def fit_refusal(
    folder: Path,
    data: Path,
    other_lungs: Path,
    others: Path,
    work: Path,
    out: Path,
    progress: Progress,
) -> Manifest:
    """Write a new artifact: one with signs as it is, its lung test fitted anew.

    Args, Raises: as `add_signs`, but `folder` is an artifact with signs.
    """
    if out.exists():
        raise ArtifactError(f"{out} exists and artifacts are never modified.")
    manifest, weights = artifact.load(folder)
    if weights.signs is None:
        raise ArtifactError(f"{manifest.version} has no signs to tell a lung by.")
    entries = _trained_entries(manifest, data)
    frames = _frames(entries, FrameCache(work / FRAMES), progress)
    test, refusal = _fit_refusal(
        weights.signs, manifest, weights, entries, frames, data, other_lungs, others, work, progress
    )
    curves = folder / artifact.CURVES
    return artifact.save(
        out,
        replace(
            manifest,
            version=out.name,
            created=datetime.now(UTC).date().isoformat(),
            answer={**manifest.answer, **refusal},
        ),
        replace(weights, signs=replace(weights.signs, lung_test=test.values())),
        curves.read_bytes() if curves.is_file() else None,
    )


def _fit_refusal(
    signs: SignWeights,
    manifest: Manifest,
    weights: Weights,
    entries: Sequence[Entry],
    frames: Sequence[npt.NDArray[np.uint8]],
    data: Path,
    other_lungs: Path,
    others: Path,
    work: Path,
    progress: Progress,
) -> tuple[LungTest, dict[str, Any]]:
    """The lung test, and what the manifest says of it: thresholds, and what it refuses held out."""
    engine = SignEngine(signs, "f32")
    reader = FeatureReader(engine, weights, manifest.preprocessing["means"])
    seen = []
    for done, each in enumerate(frames, start=1):
        seen.append(reader.run(each))
        progress("Looking at recordings", done, len(frames))
    of_dataset = Pictures(seen, [f"source {entry.source or entry.key}" for entry in entries])
    lungs = _joined(of_dataset, _read_pictures(reader, other_lungs, "recording_id", progress))
    pictures = _read_pictures(reader, others, "kind", progress)
    learnt_from = (
        lungs,
        pictures,
        _drawn(reader, progress, is_lung=True),
        _drawn(reader, progress, is_lung=False),
        signs.units,
    )
    of_lungs, of_others = held_out_probabilities(*learnt_from)
    threshold = _threshold(of_lungs)
    linear = [entry for entry in read_index(data).entries if entry.probe == "linear"]
    linear_frames = _frames(linear, FrameCache(work / FRAMES), progress)
    return fit_lung_test(*learnt_from), {
        "usable": {"lung": threshold, "convex": CONVEX_FROM, "frames": USABLE_FRAMES},
        "refused": {
            "lungs": _refused(of_lungs, ["lung"] * len(of_lungs), threshold)["lung"],
            "lungs_by_source": _refused(of_lungs, _sources(of_dataset, lungs), threshold),
            "others": _refused(of_others, pictures.groups, threshold),
            "taken_for_linear": {
                probe: _refused(
                    _convex(engine, of_probe), [probe] * len(of_probe), CONVEX_FROM
                ).get(probe, {"recordings": 0, "refused": 0})
                for probe, of_probe in (("convex", frames), ("linear", linear_frames))
            },
        },
    }


def calibrate_artifact(
    folder: Path, data: Path, work: Path, out: Path, progress: Progress
) -> Manifest:
    """Write a new artifact: one as it is, its sign network calibrated for 8-bit inference.

    Args:
        folder: an artifact with signs.
        data: folder in the layout of the public dataset, with all its training recordings.
        work: folder that keeps extracted frames.
        out: folder of the new artifact; its name is its version.
        progress: called after every step.

    Raises:
        ArtifactError, HeldOutError: the artifact cannot be read, has no signs, or `out` exists.
        DatasetError: a recording is missing or cannot be read.
    """
    if out.exists():
        raise ArtifactError(f"{out} exists and artifacts are never modified.")
    manifest, weights = artifact.load(folder)
    if weights.signs is None:
        raise ArtifactError(f"{manifest.version} has no signs to calibrate.")
    frames = _frames(_trained_entries(manifest, data), FrameCache(work / FRAMES), progress)
    signs = _calibrated(weights.signs, frames, progress)
    curves = folder / artifact.CURVES
    return artifact.save(
        out,
        replace(manifest, version=out.name, created=datetime.now(UTC).date().isoformat()),
        replace(weights, signs=signs),
        curves.read_bytes() if curves.is_file() else None,
    )


def _calibrated(
    signs: SignWeights, frames: Sequence[npt.NDArray[np.uint8]], progress: Progress
) -> SignWeights:
    found = calibrate_signs(
        signs,
        np.concatenate(frames)[::FRAME_STEP],
        lambda done, total: progress("Calibrating", done, total),
    )
    return replace(signs, calibration=found)


def _trained_entries(manifest: Manifest, data: Path) -> list[Entry]:
    """The artifact's training recordings, in the order of its scores."""
    there = {entry.sha256: entry for entry in read_index(data).entries}
    wanted = held_out.trained_recordings(manifest)
    if missing := [each.key for each in wanted if each.sha256 not in there]:
        raise DatasetError(
            f"{data} lacks {len(missing)} of the {len(wanted)} recordings that {manifest.version} "
            f"was trained on, {missing[0]} among them."
        )
    return [there[each.sha256] for each in wanted]


def _splits(manifest: Manifest, weights: Weights) -> dict[str, list[int]]:
    """For each cross-validation with stored scores, the test fold of each recording."""
    recordings = held_out.trained_recordings(manifest)
    return {group: [each.folds[group] for each in recordings] for group in weights.scores}


def _frames(
    entries: Sequence[Entry], cache: FrameCache, progress: Progress
) -> list[npt.NDArray[np.uint8]]:
    failed = cache.fill(entries, lambda done, total: progress("Reading recordings", done, total))
    for entry in entries:
        if entry.sha256 in failed:
            raise DatasetError(f"{entry.key}: {failed[entry.sha256].message}")
    return [cache.frames(entry.sha256) for entry in entries]


def _read_pictures(reader: FeatureReader, folder: Path, group: str, progress: Progress) -> Pictures:
    """The pictures that a folder's `manifest.csv` lists, grouped by one of its columns."""
    try:
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            rows: list[Mapping[str, str]] = list(csv.DictReader(file))
        named = [(row["file"], row[group]) for row in rows]
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{folder}/manifest.csv must list each file and its {group}: {error}"
        ) from error
    if not named:
        raise DatasetError(f"{folder}/manifest.csv lists no file.")
    features: list[Features] = []
    for done, (name, _) in enumerate(named, start=1):
        try:
            features.append(reader.run(read_inputs(folder / name)))
        except (MediaError, OSError) as error:
            raise DatasetError(f"{folder / name}: {error}") from error
        progress(f"Reading {folder.name}", done, len(named))
    return Pictures(features, [f"{group} {value}" for _, value in named])


def _sources(of_dataset: Pictures, lungs: Pictures) -> list[str]:
    """Of each recording of lungs its source in the dataset, those before the others."""
    others = len(lungs.groups) - len(of_dataset.groups)
    return [*of_dataset.groups, *[FURTHER_LUNGS] * others]


def _joined(first: Pictures, second: Pictures) -> Pictures:
    return Pictures([*first.features, *second.features], [*first.groups, *second.groups])


def _drawn(reader: FeatureReader, progress: Progress, *, is_lung: bool) -> Features:
    """What the test sees of drawings that no training has seen."""
    kinds = list(OtherKind)
    pictures = []
    for number in range(DRAWN):
        rng = np.random.default_rng([_SEED, int(is_lung), number])
        if is_lung:
            picture = draw(random_scene(rng), random_machine(rng), rng, FRAME_SIDE).picture
        else:
            kind = kinds[number % len(kinds)]
            picture = draw_other(kind, random_machine(rng), rng, FRAME_SIDE).picture
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))
        progress("Drawing", number + 1, DRAWN)
    return reader.run(np.stack(pictures).astype(np.uint8))


def _convex(
    engine: SignEngine, recordings: Sequence[npt.NDArray[np.uint8]]
) -> list[npt.NDArray[np.float32]]:
    """The probability of a convex probe in each recording's frames."""
    column = engine.signs.index(CONVEX)
    return [
        np.concatenate(
            [
                engine.run(frames[at : at + _BATCH]).whole[:, column]
                for at in range(0, len(frames), _BATCH)
            ]
        )
        for frames in recordings
    ]


def _decisive(probabilities: npt.NDArray[np.float32]) -> float:
    """The probability of a recording's frames that decides: a third of them have as much."""
    ordered = np.sort(probabilities)[::-1]
    return float(ordered[max(0, int(np.ceil(USABLE_FRAMES * len(ordered))) - 1)])


def _threshold(lungs: Sequence[npt.NDArray[np.float32]]) -> float:
    """The highest one, in hundredths, that refuses at most one lung recording in a hundred."""
    decisive = sorted(_decisive(each) for each in lungs)
    return float(np.floor(100 * decisive[int(_REFUSED_LUNGS * len(decisive))]) / 100)


def _refused(
    probabilities: Sequence[npt.NDArray[np.float32]], groups: Sequence[str], threshold: float
) -> dict[str, dict[str, int]]:
    """By group, how many recordings there are and how many are refused."""
    found: dict[str, dict[str, Any]] = {}
    for each, group in zip(probabilities, groups, strict=True):
        row = found.setdefault(group, {"recordings": 0, "refused": 0})
        row["recordings"] += 1
        row["refused"] += int(_decisive(each) < threshold)
    return found
