"""Cross-validation folds and validation splits that never separate a group of recordings."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from models.contract import CLASSES
from models.data.index import DatasetError, Entry

Group = Literal["recording", "patient", "source"]

MIN_SOURCE_RECORDINGS = 5
"""Sources with fewer recordings share one test fold: alone they are too small to test on."""

FOLDS_FILE = "folds.csv"
"""A dataset's predefined patient folds, with the columns File and Fold.

An optional column `Left out` gives the reason why a recording is not used.
"""

_ATTEMPTS = 64
"""Random orders of the groups tried for a validation split; the best result is used."""


def assign_folds(entries: Sequence[Entry], group: Group, folds: int, seed: int) -> list[int]:
    """The test fold of each recording; no group is in both training and test part.

    By recording and by patient, folds are stratified by class. By source, there is one fold for
    each source of at least `MIN_SOURCE_RECORDINGS` recordings and one for all smaller ones,
    regardless of `folds`, and without stratification.

    Args:
        entries: recordings; all frames of a recording share its fold.
        group: `recording`, the paper's protocol; `patient`, without leakage between patients;
            `source`, which estimates the performance at an unseen hospital.
        folds: number of folds, at least 2; ignored for `source`.
        seed: of the shuffle; ignored for `source`.

    Raises:
        DatasetError: a class has fewer groups than there are folds, or training without one of the
            sources would lack a class.
    """
    names = group_names(entries, group)
    if group == "source":
        return _leave_one_source_out(entries, names)
    for label in CLASSES:
        count = len({name for name, e in zip(names, entries, strict=True) if e.label == label})
        if count < folds:
            raise DatasetError(
                f"{count} {group} groups of {label} cannot be spread over {folds} folds: "
                f"ask for at most {count}."
            )
    labels = _labels(entries)
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    assigned = np.zeros(len(entries), dtype=int)
    for fold, (_, tested) in enumerate(splitter.split(labels, labels, names)):
        assigned[tested] = fold
    return [int(fold) for fold in assigned]


def predefined_folds(folder: Path, entries: Sequence[Entry]) -> list[int] | None:
    """The test fold of each recording as defined by the dataset itself, or None.

    Folds without any of these recordings are dropped and the others renumbered.

    Raises:
        DatasetError: a recording has no fold, or all recordings of a class are in one fold, whose
            model could then not be trained on the class.
    """
    rows = _read_folds_file(folder)
    if rows is None:
        return None
    try:
        found = [int(rows[entry.key].get("Fold") or "") for entry in entries]
    except (KeyError, ValueError):
        raise DatasetError(
            f"{folder / FOLDS_FILE} does not name a fold for every recording."
        ) from None
    for label in CLASSES:
        fold_of_group = {
            fold for fold, entry in zip(found, entries, strict=True) if entry.label == label
        }
        if len(fold_of_group) == 1:
            raise DatasetError(
                f"All recordings of {label} are in one fold: training needs at least two patients "
                "of each class, so that each fold's model is trained on it."
            )
    used = sorted(set(found))
    return [used.index(fold) for fold in found]


def without_split_groups(folder: Path, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The recordings usable with a dataset's predefined folds; all of them if it has none.

    Excluded are the recordings that the dataset itself leaves out, and those whose test would
    leak: of a group (see `group_names`) spread over several folds, only the recordings in the fold
    with the most of them remain.

    Args:
        folder: of the dataset.
        entries: its recordings, with duplicate groups.

    Raises:
        DatasetError: a recording has no fold.
    """
    rows = _read_folds_file(folder)
    if rows is None:
        return tuple(entries)
    wanted = [entry for entry in entries if not rows.get(entry.key, {}).get("Left out")]
    folds = predefined_folds(folder, wanted) or []
    counts: dict[str, Counter[int]] = {}
    names = group_names(wanted, "patient")
    for name, fold in zip(names, folds, strict=True):
        counts.setdefault(name, Counter())[fold] += 1
    fold_of_group = {name: min(each, key=lambda n: (-each[n], n)) for name, each in counts.items()}
    return tuple(
        entry
        for entry, name, fold in zip(wanted, names, folds, strict=True)
        if fold == fold_of_group[name]
    )


def _read_folds_file(folder: Path) -> dict[str, dict[str, str]] | None:
    path = folder / FOLDS_FILE
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row.get("File") or "": row for row in csv.DictReader(file)}


def validation_split(
    entries: Sequence[Entry], used: Iterable[int], group: Group, share: float, seed: Sequence[int]
) -> tuple[list[int], Group]:
    """A validation split of a fold's training part, for early stopping.

    Contains about the given share of each class, in whole groups. If no selection of whole sources
    leaves every class on both sides, whole patients are selected, and failing that, recordings.

    Args:
        entries: all recordings.
        used: indices of the training part; other recordings are not read.
        group: unit that is not split.
        share: of the recordings, between 0 and 1.
        seed: of the orders in which groups are tried.

    Returns:
        The indices of the validation recordings, and the unit that was actually used.

    Raises:
        DatasetError: a class has one recording only.
    """
    numbers = list(used)
    names = group_names([entries[n] for n in numbers], group)
    labels = np.eye(len(CLASSES))[_labels([entries[n] for n in numbers])]
    groups = sorted(set(names))
    group_indices = np.array([groups.index(name) for name in names])
    counts = np.zeros((len(groups), len(CLASSES)))
    np.add.at(counts, group_indices, labels)
    selected = _best_share(counts, share, np.random.default_rng(seed))
    if selected is not None:
        return [
            n for n, place in zip(numbers, group_indices, strict=True) if selected[place]
        ], group
    if group == "recording":
        raise DatasetError(
            "Early stopping needs two recordings of each class in every training part: "
            "train for a fixed number of epochs instead (patience 0)."
        )
    wider: Group = "patient" if group == "source" else "recording"
    return validation_split(entries, numbers, wider, share, seed)


def group_names(entries: Sequence[Entry], group: Group) -> list[str]:
    """A group name for each recording; recordings of the same group must not be separated.

    Recordings of an unknown patient or source are groups of their own. A patient with recordings
    from two sources links these into one group, and so do duplicates.
    """
    if group == "source":
        return _linked_groups(
            [(_source_name(e), _patient_name(e), _duplicate_name(e)) for e in entries]
        )
    name = _patient_name if group == "patient" else _recording_name
    return _linked_groups([(name(e), _duplicate_name(e)) for e in entries])


def _leave_one_source_out(entries: Sequence[Entry], names: Sequence[str]) -> list[int]:
    sizes = Counter(names)
    large = sorted(name for name, count in sizes.items() if count >= MIN_SOURCE_RECORDINGS)
    assigned = [large.index(name) if name in large else len(large) for name in names]
    if len(set(assigned)) < 2:
        raise DatasetError(
            "Holding out whole sources needs two of them, one at least with "
            f"{MIN_SOURCE_RECORDINGS} recordings: this dataset has {len(sizes)}."
        )
    for fold in sorted(set(assigned)):
        left = {
            e.label for e, fold_index in zip(entries, assigned, strict=True) if fold_index != fold
        }
        if missing := [label for label in CLASSES if label not in left]:
            name = large[fold] if fold < len(large) else "the small sources"
            raise DatasetError(f"Without {name} no recordings of {missing[0]} remain to train on.")
    return assigned


def _best_share(
    counts: npt.NDArray[Any], share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_] | None:
    """A mask of the groups whose recordings come closest to a share of each class, or None."""
    total = counts.sum(axis=0)
    wanted, present = share * total, total > 0
    best: tuple[float, npt.NDArray[np.bool_]] | None = None
    for _ in range(_ATTEMPTS):
        selected = np.zeros(len(counts), dtype=bool)
        sum_ = np.zeros(len(total))
        for place in rng.permutation(len(counts)):
            if _distance(sum_ + counts[place], wanted) < _distance(sum_, wanted):
                selected[place] = True
                sum_ += counts[place]
        on_both_sides = (sum_[present] > 0).all() and (sum_ < total)[present].all()
        if on_both_sides and (best is None or _distance(sum_, wanted) < best[0]):
            best = _distance(sum_, wanted), selected
    return None if best is None else best[1]


def _distance(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    # Relative to the target, so that a rare class counts as much as a common one.
    return float((np.abs(found - wanted) / np.maximum(wanted, 1e-9)).sum())


def _labels(entries: Sequence[Entry]) -> npt.NDArray[np.int64]:
    return np.array([CLASSES.index(entry.label) for entry in entries], dtype=np.int64)


def _recording_name(entry: Entry) -> str:
    # By content hash: the same file under two names is one recording.
    return f"recording {entry.sha256}"


def _patient_name(entry: Entry) -> str:
    return f"patient {entry.patient}" if entry.patient else _recording_name(entry)


def _source_name(entry: Entry) -> str:
    return f"source {entry.source}" if entry.source else _patient_name(entry)


def _duplicate_name(entry: Entry) -> str:
    return entry.duplicate_group or _recording_name(entry)


def _linked_groups(names: Sequence[tuple[str, ...]]) -> list[str]:
    """Union-find: for each recording the representative of all names linked to its own."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while (parent := parents.setdefault(name, name)) != name:
            name = parent
        return name

    for first, *others in names:
        for other in others:
            parents[root(other)] = root(first)
    return [root(first) for first, *_ in names]
