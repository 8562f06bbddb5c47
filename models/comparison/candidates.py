"""The compared networks: how each is built, from what it starts, and what it is fed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from models import networks
from models.comparison.budget import Budget
from models.comparison.inputs import FeatureClips, PictureClips, Pictures, clips_of, pool
from models.inference import engine
from models.media import sampling
from models.networks import Array
from models.training import fit
from models.training.fit import Inputs, Places
from models.training.train import FrameSet
from models.training.trunk import CachedFeatures

SCRATCH = "random weights"


@dataclass(frozen=True)
class Stage:
    """What all networks are given.

    Attributes:
        budget: what each may spend.
        material: all sampled frames.
        features: gives those of the frozen trunk, for each copy and frame; made when asked for.
        weights: of the trunk and the layer after it.
        trunk_name: where these came from.
    """

    budget: Budget
    material: FrameSet
    features: Callable[[], npt.NDArray[np.float16]]
    weights: Mapping[str, Array]
    trunk_name: str

    def pictures(self) -> npt.NDArray[np.uint8]:
        """All frames at the budget's side."""
        side = self.budget.side
        return np.stack([sampling.resize(frame, side) for frame in self.material.frames])


@dataclass(frozen=True)
class Player:
    """One network, ready to be fitted and asked.

    Attributes:
        model: what is trained.
        inputs: of its samples: frames, or a clip for each recording.
        clips: whether its samples are clips.
        frame_model: what answers single frames, with the weights of `model`.
        frame_inputs: of all frames, for `frame_model`.
    """

    model: keras.Model
    inputs: Inputs
    clips: bool
    frame_model: keras.Model
    frame_inputs: Inputs

    def answer_frames(self, places: Places) -> npt.NDArray[np.float32]:
        """Softmax scores (m, 3) for single frames."""
        if self.frame_model is not self.model:
            self.frame_model.set_weights(self.model.get_weights())
        return fit.answer(self.frame_model, self.frame_inputs, places)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network that takes part.

    Attributes:
        title: for people.
        source: who published it.
        pretrained: whether it starts from the trunk.
        learning_rate: of Adam.
        set_up: builds it.
        rounds: epochs for each one of the budget; more for what costs next to nothing.
    """

    title: str
    source: str
    pretrained: bool
    learning_rate: float
    set_up: Callable[[Stage], Player]
    rounds: int = 1

    def epochs(self, budget: Budget) -> int:
        """How many it is trained for."""
        return self.rounds * budget.epochs

    def start(self, stage: Stage) -> str:
        """What it starts from, in words."""
        if not self.pretrained:
            return f"{SCRATCH}, {stage.budget.side} px"
        return f"trunk {stage.trunk_name}, 224 px"


def _pocovidnet(stage: Stage) -> Player:
    with fit.arithmetic(engine.best_precision({})):
        model = networks.head()
    start = {n: v for n, v in stage.weights.items() if n.startswith("block5_conv3")}
    networks.set_weights(model, start)
    inputs = CachedFeatures(stage.features())
    return Player(model, inputs, clips=False, frame_model=model, frame_inputs=inputs)


def _covidnet(stage: Stage) -> Player:
    return _frames(stage, networks.covidnet(stage.budget.side))


def _nasnet(stage: Stage) -> Player:
    return _frames(stage, networks.nasnetmobile(stage.budget.side))


def _covnet(stage: Stage) -> Player:
    budget, pictures = stage.budget, stage.pictures()
    how = (budget.epochs, budget.seed, budget.augmentation)
    clips = clips_of(stage.material.recordings, budget.frames, repeat=True)
    return Player(
        networks.covnet(budget.side, budget.frames),
        PictureClips(pictures, clips, *how),
        clips=True,
        frame_model=networks.covnet(budget.side, 1),
        frame_inputs=PictureClips(pictures, np.arange(len(pictures))[:, None], *how),
    )


def _temporal(stage: Stage) -> Player:
    pooled = pool(stage.features())
    clips = clips_of(stage.material.recordings, sampling.MOST_FRAMES, repeat=False)
    alone = np.full((pooled.shape[1], sampling.MOST_FRAMES), -1, dtype=np.int64)
    alone[:, 0] = np.arange(pooled.shape[1])
    model = networks.temporal(pooled.shape[-1], sampling.MOST_FRAMES)
    return Player(
        model,
        FeatureClips(pooled, clips),
        clips=True,
        frame_model=model,
        frame_inputs=FeatureClips(pooled, alone),
    )


def _frames(stage: Stage, model: keras.Model) -> Player:
    budget = stage.budget
    inputs = Pictures(stage.pictures(), budget.epochs, budget.seed, budget.augmentation)
    return Player(model, inputs, clips=False, frame_model=model, frame_inputs=inputs)


CANDIDATES: Mapping[str, Candidate] = {
    "pocovidnet": Candidate(
        "POCOVID-Net", "Born et al. 2020", pretrained=True, learning_rate=1e-4, set_up=_pocovidnet
    ),
    "covidnet": Candidate(
        "COVID-Net", "Wang and Wong 2020", pretrained=False, learning_rate=1e-3, set_up=_covidnet
    ),
    "covnet": Candidate(
        "ResNet-50 (COVNet)", "Li et al. 2020", pretrained=False, learning_rate=1e-3, set_up=_covnet
    ),
    "nasnetmobile": Candidate(
        "NASNetMobile", "Zoph et al. 2018", pretrained=False, learning_rate=1e-3, set_up=_nasnet
    ),
    "temporal": Candidate(
        "Trunk features over time",
        "this work",
        pretrained=True,
        learning_rate=1e-3,
        set_up=_temporal,
        rounds=5,
    ),
}
