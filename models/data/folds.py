"""Which fold tests a recording, and which part stops the training, in groups never parted."""

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
"""Sources with fewer recordings are tested together, in one fold: alone they would tell nothing."""

FOLDS_FILE = "folds.csv"
"""A dataset's own folds by patient, with the columns File and Fold.

Its column `Left out`, where there is one, says of a recording why no model learns from it or is
tested on it.
"""

_ATTEMPTS = 64
"""Orders in which groups are tried for the validation part; the best one is taken."""


def assign_folds(entries: Sequence[Entry], group: Group, folds: int, seed: int) -> list[int]:
    """The fold that tests each recording; a group is never on both sides.

    By recording and by patient, folds are stratified by class. By source, there is a fold for each
    source of some size and one for all small ones together, however many folds were asked for: the
    classes of such a test part are what they are.

    Args:
        entries: recordings; all frames of one share its fold.
        group: `recording` as in the paper; `patient`, for an honest figure; `source`, for a
            hospital that was never seen.
        folds: how many, at least 2; sources bring their own number.
        seed: of the shuffle; sources need none.

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
    """The fold that tests each recording as the dataset itself says, where it does.

    Folds that test none of these recordings are left out, and the others counted through.

    Raises:
        DatasetError: a recording has no fold, or a class is tested by one fold alone, so that the
            fold's model would never see it.
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
                f"All recordings of {label} are in one fold: training needs two patients at least "
                "of each class, so that each fold's model has seen it."
            )
    used = sorted(set(found))
    return [used.index(fold) for fold in found]


def without_split_groups(folder: Path, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The recordings that a dataset's own folds can test; all of them where it brings no folds.

    Left out is what the dataset itself leaves out, and what would be tested by a model that has
    learnt from its patient or from a copy of it: of a group (see `group_names`) that is in several
    folds, only the recordings of the fold with most of them stay.

    Args:
        folder: of the dataset.
        entries: its recordings, twins named.

    Raises:
        DatasetError: a recording has no fold.
    """
    rows = _read_folds_file(folder)
    if rows is None:
        return tuple(entries)
    wanted = [each for each in entries if not rows.get(each.key, {}).get("Left out")]
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
    """Recordings taken out of a fold's training part, to see when to stop.

    About the given share of each class, in whole groups. Where no choice of whole sources leaves
    every class on both sides, whole patients are taken, and where those do not, recordings.

    Args:
        entries: all recordings.
        used: numbers of those in the training part; no other one is looked at.
        group: what stays together.
        share: of the recordings, between 0 and 1.
        seed: of the orders in which groups are tried.

    Returns:
        The numbers of the recordings to validate on, and what was kept together in the end.

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
    """A name for each recording, the same for those that must stay on one side.

    Recordings of nobody known, or from nowhere known, are groups of their own. A patient whose
    recordings came from two sources ties these together, and so do recordings that are twins.
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
            raise DatasetError(f"Without {name} nothing is left to learn {missing[0]} from.")
    return assigned


def _best_share(
    counts: npt.NDArray[Any], share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_] | None:
    """The groups, by their recordings of each class, that come nearest to a share of each class."""
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
    # Relative to what was asked for, so that the rare class counts as much as the common one.
    return float((np.abs(found - wanted) / np.maximum(wanted, 1e-9)).sum())


def _labels(entries: Sequence[Entry]) -> npt.NDArray[np.int64]:
    return np.array([CLASSES.index(entry.label) for entry in entries], dtype=np.int64)


def _recording_name(entry: Entry) -> str:
    # By content: the same file under two names is one recording.
    return f"recording {entry.sha256}"


def _patient_name(entry: Entry) -> str:
    return f"patient {entry.patient}" if entry.patient else _recording_name(entry)


def _source_name(entry: Entry) -> str:
    return f"source {entry.source}" if entry.source else _patient_name(entry)


def _duplicate_name(entry: Entry) -> str:
    return entry.duplicate_group or _recording_name(entry)


def _linked_groups(names: Sequence[tuple[str, ...]]) -> list[str]:
    """For each recording's names, the first name of all that are linked by a name in common."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while (parent := parents.setdefault(name, name)) != name:
            name = parent
        return name

    for first, *others in names:
        for other in others:
            parents[root(other)] = root(first)
    return [root(first) for first, *_ in names]
