"""The artifact on disk: manifest and weights, verified by SHA-256 before use.

Weights are stored as safetensors, which cannot execute code.
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
from models.inference.sign_weights import SignWeights, SignWeightsError

Array = npt.NDArray[Any]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
MANIFEST = "manifest.json"
TRUNK = "trunk.safetensors"
HEADS = "heads.safetensors"
CALIBRATION = "calibration.safetensors"
SCORES = "scores.safetensors"
SIGNS = "signs.safetensors"
READERS = "readers.safetensors"
CURVES = "curves.png"
_ACTIVE = "ACTIVE"
_FILES = (TRUNK, HEADS, CALIBRATION, SCORES)
"""The files of every artifact."""
_OPTIONAL = (SIGNS, READERS, CURVES)

_KINDS = {"folds": int, "preprocessing": dict, "answer": dict, "files": dict}


_LIBRARIES = (
    *("av", "keras", "matplotlib", "numpy", "opencv-python-headless", "openvino", "safetensors"),
    *("scikit-learn", "tensorflow-cpu", "tensorflow", "torch", "jax"),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The arrays of an artifact, by `layer/variable`.

    Attributes:
        trunk: the frozen layers, shared by all models.
        heads: for each fold, the trained layers.
        calibration: parameters of 8-bit inference, see `models.inference.calibration`; may be
            empty.
        scores: held-out scores of each cross-validation, see `models.evaluation.held_out`.
        signs: weights of the sign network; None where POCOVID-Net answers alone.
        readers: what answers from signs, see `models.inference.answer.Readers`; may be empty.
    """

    trunk: dict[str, Array]
    heads: list[dict[str, Array]]
    calibration: dict[str, Array] = field(default_factory=dict)
    scores: dict[str, Array] = field(default_factory=dict)
    signs: SignWeights | None = None
    readers: dict[str, Array] = field(default_factory=dict)


class ArtifactError(Exception):
    """An artifact that is missing, incomplete, modified, or of an unsupported format."""


def active(artifacts: Path = ARTIFACTS) -> Path:
    """The folder of the active artifact, named in `artifacts/ACTIVE`.

    Raises:
        ArtifactError: there is no such file.
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
    """Write an artifact atomically, and return its manifest with the file hashes.

    Args:
        folder: the new artifact.
        manifest: complete except for the hashes.
        weights: with calibration and held-out scores, and what else there is.
        curves: a PNG plot of the learning curves.

    Raises:
        ArtifactError: the folder exists; an artifact is never modified.
    """
    if folder.exists():
        raise ArtifactError(f"{folder} exists and artifacts are never modified: choose another.")
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
        if weights.signs is not None:
            weights.signs.write(scratch / SIGNS)
        if weights.readers:
            save_file(weights.readers, scratch / READERS)
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
    """Write an artifact's manifest, atomically."""
    with atomic_replace(folder / MANIFEST) as scratch:
        scratch.write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact.

    Raises:
        ArtifactError: there is no valid manifest, or its format or classes are unsupported.
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
    """Manifest and weights, after verifying the hashes of all files.

    Raises:
        ArtifactError: a file is missing, modified, or not listed.
    """
    manifest = read_manifest(folder)
    if set(manifest.files) - set(_OPTIONAL) != set(_FILES):
        raise ArtifactError(
            f"{folder}: expected {', '.join(_FILES)} and perhaps {', '.join(_OPTIONAL)}, "
            f"got {sorted(manifest.files)}."
        )
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{path} is missing: copy the artifact again.")
        if _sha256(path) != expected:
            raise ArtifactError(f"{path} is not what the manifest lists: copy the artifact again.")
    try:
        trunk, stacked, calibration, scores = (load_file(folder / name) for name in _FILES)
        signs = SignWeights.read(folder / SIGNS) if SIGNS in manifest.files else None
        readers = load_file(folder / READERS) if READERS in manifest.files else {}
    except (SafetensorError, SignWeightsError) as error:
        raise ArtifactError(f"{folder}: the weights cannot be read: {error}") from error
    heads: list[dict[str, Array]] = [{} for _ in range(manifest.folds)]
    for name, value in stacked.items():
        fold, _, rest = name.removeprefix("fold").partition("/")
        if not fold.isdecimal() or int(fold) >= len(heads):
            raise ArtifactError(f"{folder / HEADS}: unexpected weight {name!r}.")
        heads[int(fold)][rest] = value
    return manifest, Weights(trunk, heads, calibration, scores, signs, readers)


def versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries that affect an artifact."""
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
