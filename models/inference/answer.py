"""From what the networks say of frames to an answer: NumPy only.

POCOVID-Net and the readers, which answer from signs, each name three probabilities for a frame and
a fold. Their weighted mean, over folds and over the frames that show a lung, is divided by a
temperature in its logarithm (Guo et al. 2017), fitted on sources that no model had seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import (
    CLASSES,
    CONVEX,
    LUNG,
    SIGN_MAPS,
    SIGNS,
    FramePrediction,
    Manifest,
    Prediction,
    Probabilities,
    Probe,
    Reason,
    ReasonCode,
    Reliability,
    SignFinding,
    Square,
    summarise,
)
from models.inference.evidence import Evidence, Signs
from models.inference.sentence import sentence

Scores = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

POCOVIDNET, SIGNS_PART = "pocovidnet", "signs"
"""Names of what an answer may be made of."""

_BOTH = "both"
_FRAMES = "frames"
_THRESHOLDS = {LUNG, CONVEX, _FRAMES}
_SEEN = 0.5
"""From this probability on, a sign is rather seen than not."""

_SAME_MAPS = 0.1
"""Most that a map's place may differ between frames of one picture. In every one of the dataset's
95 clips some place differs by 0.45 and more.
"""

_FEWEST_FROZEN = 3
"""Frames; of two not even a clip's rate is certain."""

MOST_COLOURED = 0.03
"""Most of a frame that may be in colour. Of 214 recordings of lungs (`docs/MODEL_CARD.md`) none had
more than 0.017, for marks and letters; most photographs in colour have more.
"""

LEAST_PROBABILITY = 1e-7
"""Probability that stands for none, so that it has a logarithm."""

NOT_LUNG = "This does not look like lung ultrasound."
LINEAR_PROBE = (
    "This looks like lung ultrasound made with a linear probe, and answers are made for convex "
    "probes. Screened as linear, it is answered by signs alone."
)
NOT_LINEAR_PROBE = (
    "This was to be screened as made with a linear probe, but it looks like another probe's."
)
COLOURED = (
    "Much of this is in colour, as colour Doppler or a photograph is, and answers are made for "
    "ultrasound in shades of grey."
)
FROZEN = (
    "All {count} frames show the same picture: this clip is frozen, and says no more than a still."
)
CONVEX_ALONE = "{version} answers for convex probes alone."


def feature_names(maps: Sequence[str], signs: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns of `features`, for a sign network's names of maps and of signs."""
    return (
        *(f"{name}_{kind}" for kind in ("mean", "maximum", "share") for name in maps),
        *signs,
    )


def features(signs: Signs) -> Scores:
    """What the readers see of each frame: (n, 3 k + m) for k maps and m signs of the whole picture.

    The mean of each map over its places, its maximum, the share of its places of 0.5 and more, and
    the signs of the whole picture; all 0 to 1, named by `feature_names`.
    """
    return np.concatenate(
        [
            signs.maps.mean(axis=(1, 2)),
            signs.maps.max(axis=(1, 2)),
            (signs.maps >= _SEEN).mean(axis=(1, 2), dtype=np.float32),
            signs.whole,
        ],
        axis=1,
        dtype=np.float32,
    )


@dataclass(frozen=True, slots=True)
class Readers:
    """For each fold, a multinomial regression from features to classes.

    Attributes:
        columns: the features that they see, among those of `features`.
        kernel: (folds, k, 3).
        bias: (folds, 3).
    """

    columns: tuple[int, ...]
    kernel: Scores
    bias: Scores

    @classmethod
    def of(
        cls,
        values: Mapping[str, npt.NDArray[Any]],
        names: Sequence[str],
        known: Sequence[str],
        folds: int,
    ) -> "Readers":
        """The readers of an artifact.

        Args:
            values: for each fold n `fold{n}/kernel` and `fold{n}/bias`.
            names: of the features that they see, in order.
            known: of all features that there are.
            folds: how many readers.

        Raises:
            ValueError: a feature is unknown, or a name or a shape is not that of a reader.
        """
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"the sign network has no feature {unknown[0]!r} for the readers")
        expected: dict[str, tuple[int, ...]] = {}
        for n in range(folds):
            expected[f"fold{n}/kernel"] = (len(names), len(CLASSES))
            expected[f"fold{n}/bias"] = (len(CLASSES),)
        found = {name: value.shape for name, value in values.items()}
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                raise ValueError(
                    f"the readers: expected {name} of shape {expected.get(name, 'nothing')}, "
                    f"got {found.get(name, 'nothing')}"
                )
        return cls(
            tuple(known.index(name) for name in names),
            np.stack([values[f"fold{n}/kernel"] for n in range(folds)]).astype(np.float32),
            np.stack([values[f"fold{n}/bias"] for n in range(folds)]).astype(np.float32),
        )

    def softmax(self, signs: Signs) -> Scores:
        """Each reader's probabilities for each frame: (folds, n, 3)."""
        seen = features(signs)[:, list(self.columns)]
        logits = np.matmul(seen, self.kernel) + self.bias[:, None]
        return _softmax(logits)


@dataclass(frozen=True, slots=True)
class Method:
    """How an artifact answers: what its manifest's `answer` says, checked.

    Attributes:
        version: of the artifact.
        says: whether the artifact says how it answers; if not, POCOVID-Net's mean is the answer.
        signs: names of the sign network's signs of the whole picture; empty where there is none.
        readers: what answers from signs, or None.
        share: weight of the readers' answer in the mean, 0 to 1; the rest is POCOVID-Net's.
        temperature: for each mixture ("both", "pocovidnet", "signs"), above 0.
        reliability: of the answers of both parts, on recordings of sources never seen.
        usable: least probability of a lung and of a convex probe in a usable frame, and least
            share of usable frames in a usable recording; empty where everything is answered.
    """

    version: str
    says: bool = False
    signs: tuple[str, ...] = ()
    readers: Readers | None = None
    share: float = 0.0
    temperature: Mapping[str, float] | None = None
    reliability: tuple[Reliability, ...] = ()
    usable: Mapping[str, float] | None = None

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        maps: Sequence[str] = (),
        signs: Sequence[str] = (),
        readers: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> "Method":
        """How the artifact of this manifest answers.

        Args:
            manifest: of the artifact.
            maps: names of its sign network's maps; empty where it has none.
            signs: names of its sign network's signs of the whole picture.
            readers: the arrays of its readers, if any.

        Raises:
            ValueError: a value is missing, of another type or out of its range, or the artifact
                lacks what it needs.
        """
        answer = manifest.answer
        if maps or signs:
            _check_names(maps, signs)
        if (answer.get("usable") or readers) and not signs:
            raise ValueError("the answer needs a sign network, and the artifact has none")
        names = answer.get("features", ())
        if bool(names) != bool(readers):
            raise ValueError("the answer names features without readers, or has readers without")
        found = None
        if readers:
            found = Readers.of(readers, names, feature_names(maps, signs), manifest.folds)
        share = float(answer["share"]) if found else 0.0
        temperature = {name: float(each) for name, each in answer.get("temperature", {}).items()}
        usable = {name: float(each) for name, each in answer.get("usable", {}).items()}
        if not 0 <= share <= 1:
            raise ValueError(f"the answer: expected a share from 0 to 1, got {share}")
        if temperature.keys() - {_BOTH, POCOVIDNET, SIGNS_PART}:
            raise ValueError(f"the answer: unknown temperatures among {sorted(temperature)}")
        if not all(each > 0 for each in temperature.values()):
            raise ValueError(f"the answer: expected temperatures above 0, got {temperature}")
        if usable and usable.keys() != _THRESHOLDS:
            raise ValueError(
                f"the answer: expected thresholds {sorted(_THRESHOLDS)}, got {sorted(usable)}"
            )
        reliability = tuple(Reliability(**each) for each in answer.get("reliability", ()))
        says = bool(answer) or bool(signs)
        return cls(
            manifest.version, says, tuple(signs), found, share, temperature, reliability, usable
        )

    def without_readers(self) -> "Method":
        """The same with POCOVID-Net alone to name the class; what is refused stays refused."""
        return replace(self, readers=None, share=0.0)

    def conclude(
        self,
        evidences: Sequence[Evidence],
        times_s: Sequence[float],
        square: Square,
        probe: Probe = Probe.CONVEX,
    ) -> Prediction:
        """A recording's prediction.

        Args:
            evidences: of all its batches, in order.
            times_s: of all its frames.
            square: that was cropped.
            probe: that the recording was made with. For a linear one the readers answer alone,
                since POCOVID-Net has learnt from convex ones; without readers it is refused.

        Raises:
            ValueError: no frame, or other numbers of frames and of times.
        """
        softmax = np.concatenate([each.softmax for each in evidences], axis=1)
        if not self.says:
            plain = summarise(softmax.tolist(), times_s, square, self.version)
            return plain if probe is Probe.CONVEX else self._refused_for_linear(plain)
        signs = _joined([each.signs for each in evidences])
        parts = self._parts(probe)
        scores = self._mixed(parts, softmax, signs)
        fit = self._usable_frames(signs, probe, _grey(evidences))
        reasons = self._reasons(fit, probe)
        usable = not reasons
        kept = np.flatnonzero(fit.both) if usable else np.arange(len(times_s))
        used = summarise(
            scores[:, kept].tolist(), [times_s[n] for n in kept.tolist()], square, self.version
        )
        temperature = (self.temperature or {}).get(_BOTH if len(parts) > 1 else parts[0], 1.0)
        found = _calibrated(used, scores[:, kept], temperature)
        found = replace(
            found,
            frames=self._frames(scores, times_s, signs, fit.both, temperature),
            usable=usable,
            reasons=reasons or (*_left_out(fit), *_frozen(signs, kept)),
            parts=parts,
            reliability=self._reliability(found.probability) if len(parts) > 1 else None,
        )
        if signs is not None:
            findings = self._findings(signs, kept)
            found = replace(found, signs=findings, sentence=sentence(findings, len(kept)))
        if probe is Probe.LINEAR and self.readers is None:
            return self._refused_for_linear(found)
        return found

    def usable_frames(self, signs: Signs, probe: Probe = Probe.CONVEX) -> Flags:
        """For each frame (n,), whether it counts: it shows a lung, and was made with the probe."""
        return self._usable_frames(signs, probe, _all(signs)).both

    def refusal(
        self,
        signs: Signs,
        probe: Probe = Probe.CONVEX,
        coloured: npt.NDArray[np.float64] | None = None,
    ) -> ReasonCode | None:
        """Why a recording with these signs gets no class; None where it gets one.

        `coloured` is the share of each frame (n,) that is in colour; None where all are grey.
        """
        grey = _all(signs) if coloured is None else coloured <= MOST_COLOURED
        reasons = self._reasons(self._usable_frames(signs, probe, grey), probe)
        return reasons[0].code if reasons else None

    def _refused_for_linear(self, found: Prediction) -> Prediction:
        message = CONVEX_ALONE.format(version=self.version)
        return replace(found, usable=False, reasons=(Reason(ReasonCode.LINEAR_PROBE, message),))

    def scores(self, evidence: Evidence) -> Scores:
        """What each model answers for each frame of a convex probe, (models, n, 3).

        The mean of POCOVID-Net and the readers, before any temperature.
        """
        return self._mixed(self._parts(Probe.CONVEX), evidence.softmax, evidence.signs)

    def _parts(self, probe: Probe) -> tuple[str, ...]:
        """What answers: a part that has no weight is none."""
        if self.readers is None or (self.share == 0 and probe is Probe.CONVEX):
            return (POCOVIDNET,)
        if self.share == 1 or probe is Probe.LINEAR:
            return (SIGNS_PART,)
        return (POCOVIDNET, SIGNS_PART)

    def _mixed(self, parts: Sequence[str], softmax: Scores, signs: Signs | None) -> Scores:
        """The mean of what answers: (models, n, 3)."""
        if SIGNS_PART not in parts or self.readers is None or signs is None:
            return softmax
        read = self.readers.softmax(signs)
        return read if len(parts) == 1 else (1 - self.share) * softmax + self.share * read

    def _usable_frames(self, signs: Signs | None, probe: Probe, grey: Flags) -> "_Fit":
        """Which frames show a lung, and which were made with the probe; `grey` (n,) are grey."""
        if not self.usable or signs is None:
            everything = np.ones(len(grey), dtype=np.bool_)
            return _Fit(everything, everything, everything)
        lung = signs.whole[:, self.signs.index(LUNG)] >= self.usable[LUNG]
        convex = signs.whole[:, self.signs.index(CONVEX)] >= self.usable[CONVEX]
        return _Fit(grey, lung, convex if probe is Probe.CONVEX else ~convex)

    def _reasons(self, fit: "_Fit", probe: Probe) -> tuple[Reason, ...]:
        """Why the recording is not usable; none where it is."""
        least = self.usable[_FRAMES] if self.usable else 0.0
        if fit.both.any() and fit.both.mean() >= least:
            return ()
        if not fit.lung.any() or fit.lung.mean() < least:
            return (Reason(ReasonCode.NOT_LUNG, NOT_LUNG),)
        if not fit.grey.any() or fit.grey.mean() < least:
            return (Reason(ReasonCode.COLOURED, COLOURED),)
        if fit.probe.mean() >= least:
            return (Reason(ReasonCode.NOT_LUNG, NOT_LUNG),)
        if probe is Probe.CONVEX:
            return (Reason(ReasonCode.LINEAR_PROBE, LINEAR_PROBE),)
        return (Reason(ReasonCode.NOT_LINEAR_PROBE, NOT_LINEAR_PROBE),)

    def _reliability(self, probability: float) -> Reliability | None:
        """That of answers as sure as this one; the last one's end belongs to it."""
        for each in self.reliability:
            if each.low <= probability < each.high or probability == each.high == 1:
                return each
        return None

    def _frames(
        self,
        scores: Scores,
        times_s: Sequence[float],
        signs: Signs | None,
        usable: Flags,
        temperature: float,
    ) -> tuple[FramePrediction, ...]:
        """Each frame's own answer."""
        means = tempered(scores.mean(axis=0), temperature)
        columns = [(key, self.signs.index(key)) for key in SIGNS] if signs is not None else []
        return tuple(
            FramePrediction(
                index=n,
                time_s=round(time_s, 3),
                probabilities=_named(means[n]),
                usable=bool(usable[n]),
                signs=None
                if signs is None
                else {key: round(float(signs.whole[n, at]), 6) for key, at in columns},
            )
            for n, time_s in enumerate(times_s)
        )

    def _findings(self, signs: Signs, kept: npt.NDArray[np.int64]) -> dict[str, SignFinding]:
        """How plainly each sign is seen in the frames that count."""
        found = {}
        for key in SIGNS:
            seen = signs.whole[kept, self.signs.index(key)]
            found[key] = SignFinding(
                probability=round(float(seen.mean()), 6),
                highest=round(float(seen.max()), 6),
                frames=int((seen >= _SEEN).sum()),
            )
        return found


@dataclass(frozen=True, slots=True)
class _Fit:
    """For each frame, whether it is grey, shows a lung, and was made with the probe asked for."""

    grey: Flags
    lung: Flags
    probe: Flags

    @property
    def both(self) -> Flags:
        """Whether it is usable."""
        return self.grey & self.lung & self.probe


def _check_names(maps: Sequence[str], signs: Sequence[str]) -> None:
    if tuple(maps) != SIGN_MAPS:
        raise ValueError(f"the sign network: expected maps {SIGN_MAPS}, got {tuple(maps)}")
    if missing := [name for name in (*SIGNS, LUNG, CONVEX) if name not in signs]:
        raise ValueError(f"the sign network: expected a sign {missing[0]!r}, got {tuple(signs)}")


def _joined(signs: Sequence[Signs | None]) -> Signs | None:
    """The signs of all batches; None where a batch has none."""
    there = [each for each in signs if each is not None]
    if len(there) < len(signs):
        return None
    return Signs(
        np.concatenate([each.maps for each in there]),
        np.concatenate([each.whole for each in there]),
    )


def _all(signs: Signs) -> Flags:
    """Every frame."""
    return np.ones(len(signs.whole), dtype=np.bool_)


def _grey(evidences: Sequence[Evidence]) -> Flags:
    """For each frame, whether it is grey, as far as anybody looked."""
    return np.concatenate(
        [
            np.ones(each.softmax.shape[1], dtype=np.bool_)
            if each.coloured is None
            else each.coloured <= MOST_COLOURED
            for each in evidences
        ]
    )


def _left_out(fit: _Fit) -> tuple[Reason, ...]:
    """Which frames of a usable recording do not count."""
    count = len(fit.lung)
    found = []
    if coloured := int((~fit.grey).sum()):
        found.append(
            f"1 of {count} frames is in colour and was left out."
            if coloured == 1
            else f"{coloured} of {count} frames are in colour and were left out."
        )
    if dark := int((fit.grey & ~fit.lung).sum()):
        found.append(
            f"1 of {count} frames shows no lung and was left out."
            if dark == 1
            else f"{dark} of {count} frames show no lung and were left out."
        )
    if other := int((fit.grey & fit.lung & ~fit.probe).sum()):
        found.append(
            f"1 of {count} frames looks like another probe's and was left out."
            if other == 1
            else f"{other} of {count} frames look like another probe's and were left out."
        )
    return tuple(Reason(ReasonCode.FRAMES_LEFT_OUT, message) for message in found)


def _frozen(signs: Signs | None, kept: npt.NDArray[np.int64]) -> tuple[Reason, ...]:
    """Whether the frames that count are all the same picture, but for its compression."""
    if signs is None or len(kept) < _FEWEST_FROZEN:
        return ()
    maps = signs.maps[kept]
    if np.abs(maps - maps[:1]).max() > _SAME_MAPS:
        return ()
    return (Reason(ReasonCode.FROZEN, FROZEN.format(count=len(kept))),)


def _calibrated(found: Prediction, scores: Scores, temperature: float) -> Prediction:
    """The prediction with calibrated probabilities; no class changes by it."""
    overall = _named(tempered(scores.mean(axis=(0, 1)), temperature))
    by_model = tempered(scores.mean(axis=1), temperature)
    return replace(
        found,
        probability=overall[found.label],
        probabilities=overall,
        models=tuple(_named(row) for row in by_model),
    )


def tempered(
    scores: npt.NDArray[Any], temperature: float | npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Probabilities (…, 3) of which the logarithm is divided by a temperature, one or for each."""
    logits = np.log(np.maximum(scores.astype(np.float64), LEAST_PROBABILITY)) / temperature
    return _softmax(logits)


def _softmax(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: npt.NDArray[Any] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def _named(scores: npt.NDArray[Any]) -> Probabilities:
    return {key: round(float(each), 6) for key, each in zip(CLASSES, scores, strict=True)}
