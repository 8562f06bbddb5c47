"""The interface of the models: classes, the crop square, predictions and the artifact's manifest.

Standard library only, so that the web application can import it without loading NumPy or Keras.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

CLASSES = ("covid19", "pneumonia", "healthy")
"""Class keys, in the order of every softmax output."""

CLASS_NAMES: Mapping[str, str] = {
    "covid19": "COVID-19",
    "pneumonia": "Pneumonia",
    "healthy": "Healthy",
}

SIGNS = (
    "a_lines",
    "b_lines",
    "consolidation",
    "effusion",
    "pleural_irregularity",
    "air_bronchogram",
)
"""Keys of the signs that a doctor names in a picture, in the order of every list of signs."""

SIGN_NAMES: Mapping[str, str] = {
    "a_lines": "A-lines",
    "b_lines": "B-lines",
    "consolidation": "Consolidation",
    "effusion": "Effusion",
    "pleural_irregularity": "Pleural irregularity",
    "air_bronchogram": "Air bronchogram",
}

SIGN_MAPS = (
    "pleura",
    "a_lines",
    "b_lines",
    "consolidation",
    "effusion",
    "tissue",
    "shadow",
)
"""Keys of the maps that say where things are: four signs, and the pleura, tissue that is no lung
(chest wall, liver, spleen) and the shadows of ribs, which tell them apart.
"""

MAP_NAMES: Mapping[str, str] = {
    "pleura": "Pleura",
    "a_lines": "A-lines",
    "b_lines": "B-lines",
    "consolidation": "Consolidation",
    "effusion": "Effusion",
    "tissue": "Other tissue",
    "shadow": "Rib shadow",
}

MAP_COLOURS: Mapping[str, str] = {
    "pleura": "#F0E442",
    "a_lines": "#56B4E9",
    "b_lines": "#D55E00",
    "consolidation": "#CC79A7",
    "effusion": "#0072B2",
    "tissue": "#009E73",
    "shadow": "#BBBBBB",
}
"""Colours of the maps over a frame, which colour-blind people tell apart too (Okabe and Ito 2008;
grey instead of black, which a dark picture hides).
"""

CAM_COLOUR = "#E69F00"
"""Of Grad-CAM, whichever class it is of: a colour does not say which class is likely."""

LUNG, CONVEX = "lung", "convex"
"""Keys of what the sign network says of a whole picture besides signs: whether it shows a lung at
all, and whether a convex probe made it.
"""

SIGN_SIDE = 112
"""Side in pixels of the grey squares that the sign network sees."""

SIGN_PLACES = 14
"""Rows and columns of its maps."""

FRAME_SIDE = 224
"""Side in pixels of the square frame that the network sees (POCOVID-Net, section 4.1)."""

TRUNK_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (2, 512))
"""Convolutions and filters of VGG-16's blocks, up to block5_conv2: the trunk all models share."""

HIDDEN_UNITS = 64
"""Width of the head's hidden layer (POCOVID-Net, section 4.1)."""

SHIPPED = "shipped"
"""Name of a trunk source: the trunk of the active artifact."""

DISCLAIMER = (
    "Research use only. This is not a diagnosis and not a medical device; "
    "do not base a decision about a patient on it."
)

Probabilities = dict[str, float]


@dataclass(frozen=True, slots=True)
class Square:
    """A square part of a picture in source pixels: left edge, top edge and side length."""

    x: int
    y: int
    size: int


class Probe(StrEnum):
    """The probe that a screening is asked for; others are reported, not answered."""

    CONVEX = "convex"
    LINEAR = "linear"


class ReasonCode(StrEnum):
    """Why a recording, or a part of it, is not answered for, or what is to be known of it."""

    NOT_LUNG = "not_lung"
    LINEAR_PROBE = "linear_probe"
    NOT_LINEAR_PROBE = "not_linear_probe"
    FRAMES_LEFT_OUT = "frames_left_out"
    FROZEN = "frozen"
    COLOURED = "coloured"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a recording, or some of its frames, are not answered for; `message` is for people."""

    code: ReasonCode
    message: str


@dataclass(frozen=True, slots=True)
class SignFinding:
    """How plainly a sign is seen in a recording.

    `probability` is the mean over the frames that show a lung, `highest` that of the plainest of
    them, each 0 to 1; `frames` counts those in which it is rather seen than not (0.5 or more).
    """

    probability: float
    highest: float
    frames: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often answers as sure as this one were right, on recordings held out from training.

    `right` of `answers` recordings; their probabilities were from `low` to `high`. `group` says
    what of a recording no model had seen: its `source`, or only its `patient`.
    """

    right: int
    answers: int
    low: float
    high: float
    group: str = "source"


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """The prediction for one frame: its index among the sampled frames, its time in seconds, and
    the mean over models, 0 to 1 for each class.

    `usable` says whether it shows a lung; others do not count for the recording. `signs` holds a
    probability for each of `SIGNS`; None where the artifact has no sign network.
    """

    index: int
    time_s: float
    probabilities: Probabilities
    usable: bool = True
    signs: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one recording.

    `probabilities` is the mean over usable frames of the mean over models (paper, section 4.3),
    calibrated, 0 to 1 for each class; `models` holds each model's mean over frames; `agreement`
    counts the models whose top class is `label`; `majority_vote` is the top class of the most
    frames.

    Where `usable` is False, the recording does not look like lung ultrasound of the probe asked
    for: the rest is what would be answered anyway, over all frames, and is shown to nobody who
    has not asked for it. `reasons` says why, or which frames were left out. `parts` names what
    answered: "pocovidnet", "signs" or both. `signs` has each of `SIGNS`, and `sentence` says them
    in words; both None, and `reliability` too, where the artifact does not know them.
    """

    label: str
    probability: float
    probabilities: Probabilities
    models: tuple[Probabilities, ...]
    majority_vote: str
    frames: tuple[FramePrediction, ...]
    agreement: int
    crop: Square
    model_version: str
    usable: bool = True
    reasons: tuple[Reason, ...] = ()
    parts: tuple[str, ...] = ("pocovidnet",)
    signs: Mapping[str, SignFinding] | None = None
    sentence: str | None = None
    reliability: Reliability | None = None
    disclaimer: str = DISCLAIMER

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain JSON values."""
        answer = asdict(self)
        answer["models"] = [{"probabilities": each} for each in self.models]
        for name in ("frames", "reasons", "parts"):
            answer[name] = list(answer[name])
        return answer


@dataclass(frozen=True, slots=True)
class Manifest:
    """An artifact's description of itself: everything needed to assess and to reproduce it.

    Attributes:
        version: name stored with each screening, such as `pocovidnet-1`.
        created: date of training, ISO 8601.
        network: name of the network.
        folds: number of models.
        group: unit of the cross-validation split, `recording`, `patient` or `source`.
        classes: class keys in the order of the softmax output.
        preprocessing: side in pixels, sampling rate in Hz, maximum number of frames, colour,
            channel order and channel means.
        training: every hyperparameter, the versions of the libraries, the trunk's origin, and
            `curves`: the learning curve (`models.training.fit.Curve`) of each group and fold.
        data: hash of the dataset listing, counts, and for each recording, by the SHA-256 of its
            bytes, its label, fingerprints and test folds, see `models.evaluation.held_out`;
            `left_out`: why a cross-validation was not possible; `in_doubt`: sentences on
            recordings excluded because no table row matched unambiguously; `torn`: recordings
            excluded because the predefined folds would have split a patient.
        metrics: cross-validated metrics by group.
        licence: permitted use of the artifact.
        answer: how scores and signs become an answer, see `models.inference.answer`; empty where
            POCOVID-Net answers alone.
        files: SHA-256 of each weights file.
        format: version of the manifest's format.
    """

    FORMAT: ClassVar[int] = 2

    version: str
    created: str
    network: str
    folds: int
    group: str
    classes: Sequence[str]
    preprocessing: Mapping[str, Any]
    training: Mapping[str, Any]
    data: Mapping[str, Any]
    metrics: Mapping[str, Any]
    licence: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT


def summarise(
    softmax: Sequence[Sequence[Sequence[float]]],
    times_s: Sequence[float],
    square: Square,
    version: str,
) -> Prediction:
    """Average the models' softmax outputs, shape (models, frames, 3), into one prediction.

    Raises:
        ValueError: no model or no frame, or a shape that does not fit `times_s` and `CLASSES`.
    """
    if not softmax or not times_s:
        raise ValueError(f"expected at least one model and one frame, got {len(softmax)} models")
    for model in softmax:
        if len(model) != len(times_s) or any(len(row) != len(CLASSES) for row in model):
            raise ValueError(
                f"expected (models, {len(times_s)}, {len(CLASSES)}) softmax scores, "
                f"got {len(model)} frames in a model"
            )
    by_frame = [_mean([model[n] for model in softmax]) for n in range(len(times_s))]
    by_model = [_mean(model) for model in softmax]
    overall = _mean(by_frame)
    label = _top(overall)
    probabilities = _named(overall)
    votes = [_top(frame) for frame in by_frame]
    return Prediction(
        label=label,
        probability=probabilities[label],
        probabilities=probabilities,
        models=tuple(_named(model) for model in by_model),
        majority_vote=max(CLASSES, key=lambda c: (votes.count(c), overall[CLASSES.index(c)])),
        frames=tuple(
            FramePrediction(index=n, time_s=round(time_s, 3), probabilities=_named(frame))
            for n, (time_s, frame) in enumerate(zip(times_s, by_frame, strict=True))
        ),
        agreement=sum(_top(model) == label for model in by_model),
        crop=square,
        model_version=version,
    )


def _mean(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(float(row[c]) for row in rows) / len(rows) for c in range(len(CLASSES))]


def _top(scores: Sequence[float]) -> str:
    return CLASSES[max(range(len(CLASSES)), key=lambda c: scores[c])]


def _named(scores: Sequence[float]) -> Probabilities:
    return {key: round(score, 6) for key, score in zip(CLASSES, scores, strict=True)}
