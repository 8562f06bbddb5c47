"""The networks have the paper's layers and counts, and take pixels for what they are."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from models import networks
from models.training import fit
from tests.models.small_artifact import frames

TRUNK_LAYERS = [
    f"block{block}_conv{n}"
    for block, count in enumerate((2, 2, 3, 3, 2), 1)
    for n in range(1, count + 1)
]
HEAD_LAYERS = ["block5_conv3", "hidden", "hidden_norm", "output"]
PATH = [
    *("block1_conv1", "block1_conv2", "block1_pool"),
    *("block2_conv1", "block2_conv2", "block2_pool"),
    *("block3_conv1", "block3_conv2", "block3_conv3", "block3_pool"),
    *("block4_conv1", "block4_conv2", "block4_conv3", "block4_pool"),
    *("block5_conv1", "block5_conv2", "block5_conv3", "block5_pool"),
    *("pool", "hidden", "hidden_norm", "hidden_relu", "dropout", "output"),
]

Shape = tuple[int, ...]

NETWORKS: dict[str, tuple[Callable[[], keras.Model], Shape, Shape, int, int, list[str]]] = {
    # name: builder, input, output, trainable and frozen parameters, layers with weights
    "trunk": (networks.trunk, (224, 224, 3), (14, 14, 512), 0, 12_354_880, TRUNK_LAYERS),
    "head": (networks.head, (14, 14, 512), (3,), 2_392_963, 128, HEAD_LAYERS),
    "pocovidnet": (
        networks.pocovidnet,
        (224, 224, 3),
        (3,),
        2_392_963,
        12_355_008,
        TRUNK_LAYERS + HEAD_LAYERS,
    ),
}


def count(weights: list[keras.Variable]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_counts_and_names(name: str) -> None:
    build, given, answered, trainable, frozen, layers = NETWORKS[name]
    model = build()
    assert model.name == name
    assert model.input_shape == (None, *given)
    assert model.output_shape == (None, *answered)
    assert count(model.trainable_weights) == trainable
    assert count(model.non_trainable_weights) == frozen
    assert [layer.name for layer in model.layers if layer.weights] == layers


def test_the_layers_are_those_of_the_paper_in_order() -> None:
    model = networks.pocovidnet()
    assert [layer.name for layer in model.layers[1:]] == PATH
    assert model.get_layer("dropout").rate == 0.5
    assert model.get_layer("hidden").units == 64
    assert {layer.kernel_size for layer in model.layers if "conv" in layer.name} == {(3, 3)}


def test_only_the_last_block_and_the_head_are_trained() -> None:
    trained = {layer.name for layer in networks.pocovidnet().layers if layer.trainable_weights}
    assert trained == set(HEAD_LAYERS)


def test_trunk_and_head_are_the_complete_network_in_two_parts() -> None:
    complete, trunk, head = networks.pocovidnet(), networks.trunk(), networks.head()
    weights = networks.get_weights(complete)
    networks.set_weights(
        trunk, {n: v for n, v in weights.items() if n in networks.get_weights(trunk)}
    )
    networks.set_weights(
        head, {n: v for n, v in weights.items() if n in networks.get_weights(head)}
    )
    inputs = networks.preprocess(frames(1))
    in_two = head.predict_on_batch(trunk.predict_on_batch(inputs))
    assert np.abs(complete.predict_on_batch(inputs) - in_two).max() < 1e-6


def test_a_head_that_learns_in_bfloat16_keeps_its_weights_and_answers_in_float32() -> None:
    exact = networks.head()
    with fit.compute_dtype("bf16"):
        narrow = networks.head()
    networks.set_weights(narrow, networks.get_weights(exact))
    assert narrow.get_layer("block5_conv3").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in narrow.weights} == {"float32"}
    features = np.random.default_rng(0).random((2, *networks.FEATURE_SHAPE), dtype=np.float32)
    found, expected = narrow.predict_on_batch(features), exact.predict_on_batch(features)
    assert found.dtype == np.float32
    # Seven bits after the point, and not more.
    assert 0 < np.abs(found - expected).max() < 1e-2


class TestPreprocess:
    def test_turns_rgb_to_bgr_and_takes_the_means_off(self) -> None:
        pixels = np.empty((2, 224, 224, 3), dtype=np.uint8)
        pixels[:] = (10, 20, 250)
        found = networks.preprocess(pixels)
        assert found.dtype == np.float32
        assert (found == (250 - 104, 20 - 117, 10 - 123)).all()

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((1, 224, 224, 3), dtype=np.float32),
            np.zeros((1, 224, 224, 3), dtype=np.float64),
            np.zeros((1, 224, 224, 3), dtype=np.int32),
            np.zeros((224, 224, 3), dtype=np.uint8),
            np.zeros((1, 224, 224, 4), dtype=np.uint8),
            np.zeros((1, 3, 224, 224), dtype=np.uint8),
            np.zeros((1, 112, 112, 3), dtype=np.uint8),
        ],
        ids=lambda value: f"{value.dtype} {value.shape}",
    )
    def test_refuses_floats_and_other_shapes(self, wrong: np.ndarray) -> None:
        with pytest.raises(ValueError, match="expected uint8 RGB frames") as refusal:
            networks.preprocess(wrong)
        assert f"{wrong.dtype} {wrong.shape}" in str(refusal.value)


class TestWeights:
    def test_that_are_got_can_be_set(self) -> None:
        one, other = networks.head(), networks.head()
        networks.set_weights(other, networks.get_weights(one))
        found = networks.get_weights(other)
        assert len(found) == 10
        assert all(np.array_equal(found[n], v) for n, v in networks.get_weights(one).items())

    def test_of_half_precision_are_taken(self) -> None:
        model = networks.head()
        networks.set_weights(model, {"output/bias": np.array([1, 2, 3], dtype=np.float16)})
        assert networks.get_weights(model)["output/bias"].tolist() == [1, 2, 3]

    def test_that_the_network_does_not_have_are_refused(self) -> None:
        with pytest.raises(ValueError, match="has no weight 'fc1/kernel'"):
            networks.set_weights(networks.head(), {"fc1/kernel": np.zeros(1)})

    def test_of_another_shape_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"output/bias must have shape \(3,\), got \(4,\)"):
            networks.set_weights(networks.head(), {"output/bias": np.zeros(4)})


COMPARED: dict[str, tuple[Callable[[], keras.Model], int]] = {
    # name: builder at the size of its source, parameters
    "covidnet": (lambda: networks.covidnet(224), 12_061_595),
    "covnet": (lambda: networks.covnet(224, 2), 23_587_712 + 6_147),
    "nasnetmobile": (lambda: networks.nasnetmobile(224), 4_269_716 + 3_171),
    "temporal": (lambda: networks.temporal(1024, 8), 80_260),
}


@pytest.mark.parametrize("name", COMPARED)
def test_a_compared_network_has_the_parameters_of_its_source(name: str) -> None:
    build, parameters = COMPARED[name]
    model = build()
    assert model.name == name
    assert model.count_params() == parameters
    assert model.output_shape == (None, 3)


def test_resnet_and_nasnet_are_those_of_keras() -> None:
    applications = keras.applications
    for build, ours in (
        (applications.ResNet50, "covnet"),
        (applications.NASNetMobile, "nasnetmobile"),
    ):
        theirs = build(weights=None, classes=3)
        assert theirs.count_params() == COMPARED[ours][1]


def test_covid_net_is_near_the_published_count() -> None:
    # Wang and Wong, Table 1: 11.75 million; the widths inside their blocks are not published.
    assert COMPARED["covidnet"][1] == pytest.approx(11.75e6, rel=0.03)


@pytest.mark.parametrize("side", [0, 31, 100])
def test_covid_net_refuses_a_side_it_cannot_halve(side: int) -> None:
    with pytest.raises(ValueError, match=str(side)):
        networks.covidnet(side)


def test_the_answer_for_a_clip_of_one_frame_repeated_is_that_for_the_frame() -> None:
    many, one = networks.covnet(32, 3), networks.covnet(32, 1)
    one.set_weights(many.get_weights())
    frame = np.random.default_rng(1).integers(0, 256, (2, 1, 32, 32, 3)).astype(np.float32)
    # Layer by layer: to compile two ResNets takes longer than all other tests of networks.
    clip, still = (
        keras.ops.convert_to_numpy(model(frames, training=False))
        for model, frames in ((many, frame.repeat(3, axis=1)), (one, frame))
    )
    assert clip == pytest.approx(still, abs=1e-5)


class TestTemporal:
    RNG = np.random.default_rng(2)

    def test_what_lies_after_the_last_frame_does_not_matter(self) -> None:
        model = networks.temporal(16, 6)
        clips = self.RNG.normal(size=(2, 6, 16)).astype(np.float32)
        there = np.ones((2, 6), dtype=np.float32)
        there[:, 4:] = 0
        before = model.predict_on_batch([clips, there])
        clips[:, 4:] = 9
        assert model.predict_on_batch([clips, there]) == pytest.approx(before, abs=1e-6)

    def test_the_order_of_frames_matters(self) -> None:
        model = networks.temporal(16, 6)
        clips = self.RNG.normal(size=(2, 6, 16)).astype(np.float32)
        there = np.ones((2, 6), dtype=np.float32)
        turned = clips[:, [3, 0, 5, 1, 4, 2]]
        apart = model.predict_on_batch([clips, there]) - model.predict_on_batch([turned, there])
        assert np.abs(apart).max() > 1e-4
