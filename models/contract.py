"""The interface of the models: classes, the crop square, predictions and the artifact's manifest.

Standard library only, so that the web application can import it without loading NumPy or Keras.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

CLASSES = ("covid19", "pneumonia", "healthy")
"""Class keys, in the order of every softmax output."""

CLASS_NAMES: Mapping[str, str] = {
    "covid19": "COVID-19",
    "pneumonia": "Pneumonia",
    "healthy": "Healthy",
}

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


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """The prediction for one frame: its index among the sampled frames, its time in seconds, and
    the mean softmax over models, 0 to 1 for each class.
    """

    index: int
    time_s: float
    probabilities: Probabilities


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one recording.

    `probabilities` is the mean over frames of the mean over models (paper, section 4.3), 0 to 1
    for each class; `models` holds each model's mean over frames; `agreement` counts the models
    whose top class is `label`; `majority_vote` is the top class of the most frames.
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
    disclaimer: str = DISCLAIMER

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain JSON values: exactly the API's `result`."""
        answer = asdict(self)
        answer["models"] = [{"probabilities": each} for each in self.models]
        answer["frames"] = list(answer["frames"])
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
