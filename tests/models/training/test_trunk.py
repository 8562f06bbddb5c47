"""The frozen layers are those that were asked for, and their features are computed once."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from models import networks
from models.contract import SHIPPED
from models.inference import artifact, engine
from models.training import trunk
from models.training.augment import augment
from models.training.trunk import (
    IMAGENET,
    TrunkError,
    cache_features,
    describe_source,
    fingerprint,
    load,
)
from tests.models import small_artifact
from tests.models.small_artifact import frames

WEIGHTS = {
    name: value.astype(np.float16)
    for name, value in {**small_artifact.trunk(), **small_artifact.head(0)}.items()
    if name.startswith("block")
}


def npz(path: Path, weights: dict[str, Any]) -> str:
    """A file with names as Keras' own layers have them, with an underscore."""
    np.savez(path, **{name.replace("/", "_"): value for name, value in weights.items()})
    return str(path)


class TestLoad:
    def test_reads_npz(self, tmp_path: Path) -> None:
        self.check(load(npz(tmp_path / "trunk.npz", WEIGHTS)))

    @pytest.mark.parametrize("separator", ["/", "_"])
    def test_reads_safetensors(self, separator: str, tmp_path: Path) -> None:
        path = tmp_path / "trunk.safetensors"
        save_file({name.replace("/", separator): value for name, value in WEIGHTS.items()}, path)
        self.check(load(str(path)))

    def test_leaves_out_what_it_did_not_ask_for(self, tmp_path: Path) -> None:
        self.check(load(npz(tmp_path / "t.npz", {**WEIGHTS, "fc1/kernel": np.zeros(1)})))

    @staticmethod
    def check(found: dict[str, npt.NDArray[Any]]) -> None:
        assert set(found) == set(WEIGHTS)
        assert len(found) == 26
        assert all(np.array_equal(found[name], value) for name, value in WEIGHTS.items())

    def test_refuses_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(TrunkError, match="no file"):
            load(str(tmp_path / "nothing.npz"))

    def test_refuses_a_trunk_that_lacks_a_layer(self, tmp_path: Path) -> None:
        less = {name: value for name, value in WEIGHTS.items() if name != "block4_conv2/bias"}
        with pytest.raises(TrunkError, match=r"block4_conv2/bias of shape \(512,\), found nothing"):
            load(npz(tmp_path / "t.npz", less))

    def test_refuses_a_layer_of_another_shape(self, tmp_path: Path) -> None:
        kernel = WEIGHTS["block1_conv1/kernel"].transpose(3, 2, 0, 1)
        with pytest.raises(TrunkError, match=r"\(3, 3, 3, 64\), found \(64, 3, 3, 3\)"):
            load(npz(tmp_path / "t.npz", {**WEIGHTS, "block1_conv1/kernel": kernel}))

    @pytest.mark.parametrize("name", ["trunk.npz", "trunk.safetensors"])
    @pytest.mark.parametrize("content", ["empty", "text", "cut", "array", "pickle", "flipped"])
    def test_refuses_a_damaged_file(self, content: str, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_bytes(DAMAGED[content]())
        with pytest.raises(TrunkError, match="could not be read"):
            load(str(path))

    def test_takes_the_layers_of_keras_for_imagenet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model = keras.applications.VGG16(include_top=False, weights=None)
        asked: list[dict[str, Any]] = []

        def downloaded(**options: Any) -> keras.Model:
            asked.append(options)
            return model

        monkeypatch.setattr(keras.applications, "VGG16", downloaded)
        found = load("imagenet")
        assert asked == [{"include_top": False, "weights": "imagenet"}]
        kernel = model.get_layer("block5_conv3").kernel.numpy()
        assert np.array_equal(found["block5_conv3/kernel"], kernel)
        assert set(found) == set(WEIGHTS)

    def test_says_so_where_imagenet_cannot_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_network(**options: Any) -> keras.Model:
            raise Exception("URL fetch failure")  # noqa: TRY002 - as Keras does

        monkeypatch.setattr(keras.applications, "VGG16", no_network)
        with pytest.raises(TrunkError, match="--trunk"):
            load("imagenet")

    def test_takes_what_ships(self) -> None:
        found = load(SHIPPED)
        assert set(found) == set(WEIGHTS)
        shipped = load_file(artifact.active() / artifact.TRUNK)
        assert all(np.array_equal(found[name], value) for name, value in shipped.items())
        assert found["block5_conv3/kernel"].any()

    def test_says_so_where_nothing_ships(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nothing() -> Path:
            raise artifact.ArtifactError("ACTIVE names no artifact.")

        monkeypatch.setattr(artifact, "active", nothing)
        with pytest.raises(TrunkError, match="no shipped trunk: ACTIVE names no artifact"):
            load(SHIPPED)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/b.npz", "b.npz"),
        (IMAGENET, IMAGENET),
        (SHIPPED, f"{artifact.active().name}/{artifact.TRUNK}"),
    ],
)
def test_a_source_has_a_name_without_its_folder(source: str, name: str) -> None:
    assert describe_source(source) == name


def _saved(save: Callable[..., None], *args: Any, **arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, *args, **arrays)
    return file.getvalue()


def _flipped() -> bytes:
    content = bytearray(_saved(np.savez_compressed, x=np.arange(1000)))
    content[60:90] = b"\xff" * 30
    return bytes(content)


DAMAGED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"no weights at all\n" * 20,
    "cut": lambda: _saved(np.savez, x=np.arange(1000))[:2000],
    "array": lambda: _saved(np.save, np.zeros(3)),
    "pickle": lambda: _saved(np.savez, block1_conv1_kernel=np.array([{}, 1], dtype=object)),
    "flipped": _flipped,
}


class TestFingerprint:
    def test_depends_on_names_and_values_and_not_on_their_order(self) -> None:
        one = {"a": np.arange(3.0), "b": np.arange(4.0)}
        assert fingerprint(one) == fingerprint(dict(reversed(one.items())))
        assert fingerprint(one) != fingerprint({**one, "a": np.arange(3.0) + 1})
        assert fingerprint(one) != fingerprint({"a": one["a"], "c": one["b"]})

    def test_does_not_depend_on_how_an_array_lies_in_memory(self) -> None:
        values = np.arange(6.0).reshape(2, 3)
        assert fingerprint({"a": values}) == fingerprint({"a": np.asfortranarray(values)})


class TestCacheFeatures:
    FRAMES = frames(3)

    @pytest.fixture(scope="class")
    @staticmethod
    def whole(tmp_path_factory: pytest.TempPathFactory) -> npt.NDArray[np.float16]:
        """What an uninterrupted run leaves."""
        return cache(tmp_path_factory.mktemp("whole"))

    @pytest.fixture
    def computed(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many frames each call computes; two at a time, so that there are several calls."""
        calls: list[int] = []

        def counted(mine: engine.Engine, pictures: npt.NDArray[np.uint8]) -> list[Any]:
            calls.append(len(pictures))
            return run(mine, pictures)

        run = engine.Engine.run
        monkeypatch.setattr(trunk, "_CHUNK", 2)
        monkeypatch.setattr(engine.Engine, "run", counted)
        return calls

    def test_are_the_direct_ones_to_rounding(self, whole: npt.NDArray[np.float16]) -> None:
        model = networks.trunk()
        networks.set_weights(model, {n: v for n, v in WEIGHTS.items() if "block5_conv3" not in n})
        copies = [augment(f, np.random.default_rng([7, 1, n])) for n, f in enumerate(self.FRAMES)]
        for found, pictures in zip(whole, (self.FRAMES, np.stack(copies)), strict=True):
            direct = np.asarray(model.predict_on_batch(networks.preprocess(pictures)))
            assert direct.shape == (3, 14, 14, 512)
            assert direct.max() > 10
            assert np.abs(found - direct).max() < direct.max() / 50
            assert np.abs(found - direct).mean() < direct.mean() / 50

    def test_are_half_precision_and_read_only(self, whole: npt.NDArray[np.float16]) -> None:
        assert whole.shape == (2, 3, 14, 14, 512)
        assert whole.dtype == np.float16
        assert not whole.flags.writeable

    def test_are_computed_once(self, tmp_path: Path, computed: list[int]) -> None:
        cache(tmp_path)
        assert computed == [2, 1, 2, 1]
        cache(tmp_path)
        assert len(computed) == 4

    def test_go_on_where_they_were_interrupted(
        self, tmp_path: Path, computed: list[int], whole: npt.NDArray[np.float16]
    ) -> None:
        told: list[tuple[int, int]] = []

        def stop(done: int, total: int) -> None:
            told.append((done, total))
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache(tmp_path, progress=stop)
        found = cache(tmp_path, progress=lambda done, total: told.append((done, total)))
        assert computed == [2, 1, 2, 1]
        assert told == [(2, 6), (3, 6), (5, 6), (6, 6)]
        assert np.allclose(found, whole, rtol=2e-3, atol=1e-2)

    @pytest.mark.parametrize(
        "change",
        [
            {"pictures": frames(3, seed=1)},
            {"weights": {**WEIGHTS, "block1_conv1/bias": WEIGHTS["block1_conv1/bias"] + 1}},
            {"seed": 8},
            {"copies": 0},
        ],
        ids=["frames", "weights", "seed", "copies"],
    )
    def test_are_made_anew_for_other_content(
        self, change: dict[str, Any], tmp_path: Path, computed: list[int]
    ) -> None:
        cache(tmp_path)
        computed.clear()
        found = cache(tmp_path, **change)
        assert sum(computed) == found.shape[0] * found.shape[1]

    def test_are_made_anew_when_their_file_is_gone(
        self, tmp_path: Path, computed: list[int]
    ) -> None:
        cache(tmp_path)
        computed.clear()
        (tmp_path / "features.npy").unlink()
        with pytest.raises(KeyboardInterrupt):
            cache(tmp_path, progress=interrupt)
        # Nothing of the lost file is believed, not even after a second interruption.
        assert json.loads((tmp_path / "features.json").read_text())["done"] == 2
        cache(tmp_path)
        assert sum(computed) == 6

    def test_claim_nothing_before_the_first_frames_are_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache(tmp_path)
        (tmp_path / "features.npy").unlink()
        monkeypatch.setattr(engine.Engine, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cache(tmp_path)
        monkeypatch.undo()
        assert cache(tmp_path)[0].max() > 0


def cache(
    folder: Path,
    *,
    pictures: npt.NDArray[np.uint8] = TestCacheFeatures.FRAMES,
    weights: dict[str, Any] = WEIGHTS,
    copies: int = 1,
    seed: int = 7,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> npt.NDArray[np.float16]:
    return cache_features(folder, pictures, weights, copies=copies, seed=seed, progress=progress)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
