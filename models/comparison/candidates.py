"""The compared networks: architecture, initial weights and inputs of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from models import networks
from models.comparison.budget import Budget
from models.comparison.inputs import AugmentedFrames, FeatureClips, FrameClips, make_clips, pool
from models.inference import engine
from models.media import sampling
from models.networks import Array
from models.training import fit
from models.training.fit import Indices, Inputs
from models.training.train import FrameSet
from models.training.trunk import CachedFeatures

SCRATCH = "random weights"


@dataclass(frozen=True)
class SharedInputs:
    """The inputs shared by all networks.

    Attributes:
        budget: training budget of each network.
        frame_set: all sampled frames.
        features: computes the trunk's features of each copy and frame, on demand.
        weights: of the trunk and block5_conv3.
        trunk_name: source of the weights.
    """

    budget: Budget
    frame_set: FrameSet
    features: Callable[[], npt.NDArray[np.float16]]
    weights: Mapping[str, Array]
    trunk_name: str

    def pictures(self) -> npt.NDArray[np.uint8]:
        """All frames at the budget's side."""
        side = self.budget.side
        return np.stack([sampling.resize(frame, side) for frame in self.frame_set.frames])


@dataclass(frozen=True)
class PreparedNetwork:
    """One network with its inputs.

    Attributes:
        model: the network to train.
        inputs: of its samples: frames, or a clip for each recording.
        clips: whether its samples are clips.
        frame_model: predicts single frames, with the weights of `model`.
        frame_inputs: of all frames, for `frame_model`.
    """

    model: keras.Model
    inputs: Inputs
    clips: bool
    frame_model: keras.Model
    frame_inputs: Inputs

    def predict_frames(self, places: Indices) -> npt.NDArray[np.float32]:
        """Softmax scores (m, 3) for single frames."""
        if self.frame_model is not self.model:
            self.frame_model.set_weights(self.model.get_weights())
        return fit.predict(self.frame_model, self.frame_inputs, places)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network of the comparison.

    Attributes:
        title: display name.
        source: publication.
        pretrained: whether it uses the trunk.
        learning_rate: of Adam.
        build: builds it.
        epoch_factor: multiplies the budget's epochs; above 1 for a very cheap network.
    """

    title: str
    source: str
    pretrained: bool
    learning_rate: float
    build: Callable[[SharedInputs], PreparedNetwork]
    epoch_factor: int = 1

    def epochs(self, budget: Budget) -> int:
        """Number of training epochs."""
        return self.epoch_factor * budget.epochs

    def start(self, shared: SharedInputs) -> str:
        """Its initial weights and input size, in words."""
        if not self.pretrained:
            return f"{SCRATCH}, {shared.budget.side} px"
        return f"trunk {shared.trunk_name}, 224 px"


def _pocovidnet(shared: SharedInputs) -> PreparedNetwork:
    with fit.compute_dtype(engine.best_precision({})):
        model = networks.head()
    start = {n: v for n, v in shared.weights.items() if n.startswith("block5_conv3")}
    networks.set_weights(model, start)
    inputs = CachedFeatures(shared.features())
    return PreparedNetwork(model, inputs, clips=False, frame_model=model, frame_inputs=inputs)


def _covidnet(shared: SharedInputs) -> PreparedNetwork:
    return _frames(shared, networks.covidnet(shared.budget.side))


def _nasnet(shared: SharedInputs) -> PreparedNetwork:
    return _frames(shared, networks.nasnetmobile(shared.budget.side))


def _covnet(shared: SharedInputs) -> PreparedNetwork:
    budget, pictures = shared.budget, shared.pictures()
    settings = (budget.epochs, budget.seed, budget.augmentation)
    clips = make_clips(shared.frame_set.recordings, budget.frames, repeat=True)
    return PreparedNetwork(
        networks.covnet(budget.side, budget.frames),
        FrameClips(pictures, clips, *settings),
        clips=True,
        frame_model=networks.covnet(budget.side, 1),
        frame_inputs=FrameClips(pictures, np.arange(len(pictures))[:, None], *settings),
    )


def _temporal(shared: SharedInputs) -> PreparedNetwork:
    pooled = pool(shared.features())
    clips = make_clips(shared.frame_set.recordings, sampling.MAX_FRAMES, repeat=False)
    single_frames = np.full((pooled.shape[1], sampling.MAX_FRAMES), -1, dtype=np.int64)
    single_frames[:, 0] = np.arange(pooled.shape[1])
    model = networks.temporal(pooled.shape[-1], sampling.MAX_FRAMES)
    return PreparedNetwork(
        model,
        FeatureClips(pooled, clips),
        clips=True,
        frame_model=model,
        frame_inputs=FeatureClips(pooled, single_frames),
    )


def _frames(shared: SharedInputs, model: keras.Model) -> PreparedNetwork:
    budget = shared.budget
    inputs = AugmentedFrames(shared.pictures(), budget.epochs, budget.seed, budget.augmentation)
    return PreparedNetwork(model, inputs, clips=False, frame_model=model, frame_inputs=inputs)


CANDIDATES: Mapping[str, Candidate] = {
    "pocovidnet": Candidate(
        "POCOVID-Net", "Born et al. 2020", pretrained=True, learning_rate=1e-4, build=_pocovidnet
    ),
    "covidnet": Candidate(
        "COVID-Net", "Wang and Wong 2020", pretrained=False, learning_rate=1e-3, build=_covidnet
    ),
    "covnet": Candidate(
        "ResNet-50 (COVNet)", "Li et al. 2020", pretrained=False, learning_rate=1e-3, build=_covnet
    ),
    "nasnetmobile": Candidate(
        "NASNetMobile", "Zoph et al. 2018", pretrained=False, learning_rate=1e-3, build=_nasnet
    ),
    "temporal": Candidate(
        "Trunk features over time",
        "this work",
        pretrained=True,
        learning_rate=1e-3,
        build=_temporal,
        epoch_factor=5,
    ),
}
