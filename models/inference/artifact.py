"""The artifact on disk: manifest and weights, checked by hash before anything is believed.

Weights are safetensors: names, shapes and numbers, nothing that could run.
"""

import hashlib
import json
import platform
import shutil
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from models.atomic_files import atomic_replace
from models.contract import CLASSES, Manifest

Array = npt.NDArray[Any]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
MANIFEST = "manifest.json"
TRUNK = "trunk.safetensors"
HEADS = "heads.safetensors"
CALIBRATION = "calibration.safetensors"
SCORES = "scores.safetensors"
CURVES = "curves.png"
_ACTIVE = "ACTIVE"
_FILES = (TRUNK, HEADS, CALIBRATION, SCORES)
"""What an artifact consists of; there may be a picture of how it learnt as well."""

_KINDS = {"folds": int, "preprocessing": dict, "files": dict}


_LIBRARIES = (
    *("av", "keras", "matplotlib", "numpy", "opencv-python-headless", "openvino", "safetensors"),
    *("scikit-learn", "tensorflow-cpu", "tensorflow", "torch", "jax"),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of an artifact, by `layer/variable`.

    Attributes:
        trunk: the frozen layers, the same in all models.
        heads: for each fold, the layers that it trained.
        calibration: what answering in whole numbers needs, see `models.inference.calibration`; or
            nothing.
        scores: what each cross-validation said of what it held out, see
            `models.evaluation.held_out`.
    """

    trunk: dict[str, Array]
    heads: list[dict[str, Array]]
    calibration: dict[str, Array] = field(default_factory=dict)
    scores: dict[str, Array] = field(default_factory=dict)


class ArtifactError(Exception):
    """An artifact that is missing, incomplete, changed, or of a kind this version cannot read."""


def active(artifacts: Path = ARTIFACTS) -> Path:
    """The folder of the artifact that answers by default, named in `artifacts/ACTIVE`.

    Raises:
        ArtifactError: none is named.
    """
    try:
        name = (artifacts / _ACTIVE).read_text().strip()
    except OSError as error:
        raise ArtifactError(
            f"{artifacts / _ACTIVE} names no artifact: train one with `pocovid train`."
        ) from error
    return artifacts / name


def save(
    folder: Path, manifest: Manifest, weights: Weights, curves: bytes | None = None
) -> Manifest:
    """Write an artifact whole or not at all, and return its manifest with the file hashes.

    Args:
        folder: the new artifact.
        manifest: all but the hashes.
        weights: with all that was measured on them.
        curves: a PNG that shows how it learnt.

    Raises:
        ArtifactError: the folder exists; an artifact is never changed.
    """
    if folder.exists():
        raise ArtifactError(f"{folder} exists and an artifact is never changed: choose another.")
    stacked = {
        f"fold{n}/{name}": value
        for n, head in enumerate(weights.heads)
        for name, value in head.items()
    }
    contents = {
        TRUNK: weights.trunk,
        HEADS: stacked,
        CALIBRATION: weights.calibration,
        SCORES: weights.scores,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replace(folder) as scratch:
        scratch.mkdir()
        for name, content in contents.items():
            save_file(content, scratch / name)
        if curves is not None:
            (scratch / CURVES).write_bytes(curves)
        files = {path.name: _sha256(path) for path in sorted(scratch.iterdir())}
        complete = Manifest(**{**asdict(manifest), "files": files, "format": Manifest.FORMAT})
        write_manifest(scratch, complete)
        for name in files:
            # safetensors writes for the owner alone; a service under another account reads too
            shutil.copymode(scratch / MANIFEST, scratch / name)
    return complete


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what an artifact says of itself, whole or not at all."""
    with atomic_replace(folder / MANIFEST) as scratch:
        scratch.write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact.

    Raises:
        ArtifactError: no manifest, one this version cannot read, or other classes than ours.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} is not a manifest that can be read: {error}") from error
    if manifest.format != Manifest.FORMAT or manifest.classes != list(CLASSES):
        raise ArtifactError(
            f"{path}: expected format {Manifest.FORMAT} with classes {list(CLASSES)}, "
            f"got format {manifest.format} with {manifest.classes}."
        )
    for name, kind in _KINDS.items():
        if not isinstance(value := getattr(manifest, name), kind):
            raise ArtifactError(f"{path}: {name} must be of type {kind.__name__}, got {value!r}.")
    return manifest


def load(folder: Path) -> tuple[Manifest, Weights]:
    """Manifest and weights, after the hashes of all files were checked.

    Raises:
        ArtifactError: a file is missing, changed, or not listed.
    """
    manifest = read_manifest(folder)
    if set(manifest.files) - {CURVES} != set(_FILES):
        raise ArtifactError(
            f"{folder}: expected {', '.join(_FILES)}, got {sorted(manifest.files)}."
        )
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{path} is missing: copy the artifact again.")
        if _sha256(path) != expected:
            raise ArtifactError(f"{path} is not what the manifest lists: copy the artifact again.")
    try:
        trunk, stacked, calibration, scores = (load_file(folder / name) for name in _FILES)
    except SafetensorError as error:
        raise ArtifactError(f"{folder}: the weights cannot be read: {error}") from error
    heads: list[dict[str, Array]] = [{} for _ in range(manifest.folds)]
    for name, value in stacked.items():
        fold, _, rest = name.removeprefix("fold").partition("/")
        if not fold.isdecimal() or int(fold) >= len(heads):
            raise ArtifactError(f"{folder / HEADS}: unexpected weight {name!r}.")
        heads[int(fold)][rest] = value
    return manifest, Weights(trunk, heads, calibration, scores)


def versions() -> dict[str, str]:
    """Of Python and of the libraries that an artifact is made with, as far as they are here."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
