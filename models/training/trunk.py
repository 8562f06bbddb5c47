"""Sources of the frozen trunk, and its cached features."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models import networks
from models.atomic_files import atomic_replace
from models.contract import SHIPPED
from models.inference import artifact, engine
from models.media.square import Picture
from models.networks import Array
from models.training.augment import PAPER, Augmentation, augment

IMAGENET = "imagenet"

_INITIAL_BLOCK5_CONV3 = artifact.ARTIFACTS / "start.safetensors"
"""Initial weights of block5_conv3 for an artifact's trunk, which ends before it."""

_CHUNK = 32
_READ_ERRORS = (
    ValueError,
    TypeError,
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    SafetensorError,
)
"""What NumPy and safetensors raise for a damaged file, or one of another format."""


class TrunkError(Exception):
    """Trunk weights that are missing or have the wrong names or shapes."""


def load(source: str) -> dict[str, Array]:
    """The thirteen convolutions of VGG-16 by `blockB_convC/kernel` and `/bias`.

    Args:
        source: a `.npz` or `.safetensors` file; `shipped`, for the frozen layers of the active
            artifact; or `imagenet`, for weights that Keras downloads.

    Raises:
        TrunkError: there is no such file, no network, or names or shapes do not match.
    """
    if source == IMAGENET:
        weights = _imagenet()
    elif source == SHIPPED:
        weights = read_file(_active() / artifact.TRUNK) | read_file(_INITIAL_BLOCK5_CONV3)
    else:
        weights = read_file(Path(source))
    expected = {
        name: value.shape
        for name, value in networks.get_weights(networks.pocovidnet()).items()
        if name.startswith("block")
    }
    for name, shape in expected.items():
        if name not in weights or weights[name].shape != shape:
            found = weights[name].shape if name in weights else "nothing"
            raise TrunkError(f"{source}: expected {name} of shape {shape}, found {found}.")
    return {name: weights[name] for name in expected}


def describe_source(source: str) -> str:
    """The name of a source in a manifest: a file's name without its folder, or the artifact's.

    Raises:
        TrunkError: the source is `shipped`, and there is no active artifact.
    """
    return f"{_active().name}/{artifact.TRUNK}" if source == SHIPPED else Path(source).name


def fingerprint(weights: dict[str, Array]) -> str:
    """SHA-256 over names and values of a trunk's weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def cache_features(
    folder: Path,
    frames: npt.NDArray[np.uint8],
    weights: dict[str, Array],
    *,
    copies: int,
    seed: int,
    progress: Callable[[int, int], None],
    augmentation: Augmentation = PAPER,
) -> npt.NDArray[np.float16]:
    """The trunk's output for each frame as it is (copy 0) and for augmented copies of it.

    The trunk is frozen, so its output is computed once rather than at every epoch, by the
    inference engine, in bfloat16 where the processor supports it. Finished chunks stay on disk: a
    run that was killed resumes with the next one. Copy c of frame i is always the same picture for
    the same seed.

    Args:
        folder: where the cache lies; another content under the same name is made anew.
        frames: uint8 RGB (n, 224, 224, 3).
        weights: as from `load`.
        copies: augmented copies for each frame, 0 or more.
        seed: of the augmentation.
        progress: called with frames done and frames in all.
        augmentation: how far the copies may differ from their frames.

    Returns:
        A read-only memory map, float16 (1 + copies, n, 14, 14, 512).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, state_path = folder / "features.npy", folder / "features.json"
    shape = (1 + copies, len(frames), *networks.FEATURE_SHAPE)
    precision = engine.best_precision({})
    key = {
        "precision": precision,
        "frames": hashlib.sha256(frames.tobytes()).hexdigest(),
        "trunk": fingerprint(weights),
        "shape": list(shape),
        "seed": seed,
        "augmentation": asdict(augmentation),
    }
    state: dict[str, Any] = json.loads(state_path.read_text()) if state_path.is_file() else {}
    total = shape[0] * shape[1]
    fresh = state.get("key") != key or not path.is_file()
    done = 0 if fresh else int(state["done"])
    if fresh:
        # Or a run killed before its first chunk would leave old claims about a new, empty file.
        state_path.unlink(missing_ok=True)
    features = np.lib.format.open_memmap(
        path, mode="w+" if fresh else "r+", dtype=np.float16, shape=shape
    )
    compiled = engine.compile_trunk(frozen_layers(weights), networks.MEAN_BGR, precision)
    while done < total:
        copy, start = divmod(done, shape[1])
        stop = min(start + _CHUNK, shape[1])
        pictures = np.stack(
            [
                augmented_copy(frames[place], copy, place, seed, augmentation)
                for place in range(start, stop)
            ]
        )
        features[copy, start:stop] = compiled.run(pictures)[0]
        features.flush()
        done += stop - start
        with atomic_replace(state_path) as scratch:
            scratch.write_text(json.dumps({"key": key, "done": done}))
        progress(done, total)
    del features
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def augmented_copy(
    frame: Picture, copy: int, place: int, seed: int, augmentation: Augmentation
) -> Picture:
    """Copy 0 is the frame itself; every other one is a deterministic augmentation."""
    if not copy:
        return frame
    return augment(frame, np.random.default_rng([seed, copy, place]), augmentation)


class CachedFeatures:
    """Cached features of frames and their copies, see `cache_features`."""

    def __init__(self, features: npt.NDArray[np.float16]) -> None:
        self._features = features
        self.copies = len(features)

    def batch(
        self, copies: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Features of these copies of these frames: float32 (n, height, width, channels)."""
        return self._features[copies, places].astype(np.float32)


class DirectFeatures:
    """The same features, computed on demand by Keras in float32."""

    def __init__(
        self,
        frames: npt.NDArray[np.uint8],
        weights: dict[str, Array],
        *,
        copies: int,
        seed: int,
        augmentation: Augmentation = PAPER,
    ) -> None:
        self._frames = frames
        self._seed = seed
        self._augmentation = augmentation
        self._model = networks.trunk()
        networks.set_weights(self._model, frozen_layers(weights))
        self.copies = 1 + copies

    def batch(
        self, copies: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Features of these copies of these frames: float32 (n, 14, 14, 512)."""
        pictures = [
            augmented_copy(
                self._frames[place], int(copy), int(place), self._seed, self._augmentation
            )
            for copy, place in zip(copies, places, strict=True)
        ]
        found = self._model.predict_on_batch(networks.preprocess(np.stack(pictures)))
        return np.asarray(found, dtype=np.float32)


def frozen_layers(weights: dict[str, Array]) -> dict[str, Array]:
    """The weights without block5_conv3, which each fold trains."""
    return {name: v for name, v in weights.items() if not name.startswith("block5_conv3")}


def read_file(path: Path) -> dict[str, Array]:
    """All arrays of a file by their names; `NAME_kernel` and `NAME_bias` become `NAME/kernel`.

    Raises:
        TrunkError: the file does not exist, or is neither .npz nor .safetensors.
    """
    if not path.is_file():
        raise TrunkError(f"There is no file {path}: give an .npz or .safetensors file.")
    try:
        if path.suffix == ".npz":
            # np.load does not close a damaged file that it has opened itself.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {_normalised_name(name): arrays[name] for name in arrays}
        return {_normalised_name(name): value for name, value in load_file(path).items()}
    except _READ_ERRORS as error:
        raise TrunkError(f"{path} could not be read as .npz or .safetensors: {error}") from error


def _normalised_name(name: str) -> str:
    base, _, variable = name.rpartition("_")
    return f"{base}/{variable}" if variable in ("kernel", "bias") and "/" not in name else name


def _active() -> Path:
    try:
        return artifact.active()
    except artifact.ArtifactError as error:
        raise TrunkError(f"There is no shipped trunk: {error}") from error


def _imagenet() -> dict[str, Array]:
    try:
        model = keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:
        # Keras raises a bare Exception when its download fails.
        raise TrunkError(
            "The ImageNet weights of VGG-16 could not be downloaded: this machine seems to have "
            "no network. Give a file with --trunk instead."
        ) from error
    return networks.get_weights(model)
