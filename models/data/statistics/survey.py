"""Counts and measurements of a dataset by source, class and probe, and its defects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.data.duplicates import DuplicatePair, duplicates
from models.data.extraction import Facts
from models.data.index import Entry, Index
from models.media.sampling import MediaError

CLASS_ORDER = ("covid19", "pneumonia", "healthy", "viral")
"""Classes of a dataset in the order of its tables; the last is not trained on."""


@dataclass(frozen=True, slots=True)
class MeasuredRecording:
    """One readable recording with its measurements; a still has no frame rate and no length."""

    entry: Entry
    facts: Facts

    @property
    def is_video(self) -> bool:
        """Whether the dataset files it under videos, even with a single frame."""
        return self.entry.kind == "video"

    @property
    def row(self) -> dict[str, Any]:
        """One row of recordings.csv."""
        probe, metadata = self.facts.probe, self.entry.metadata
        return {
            "recording": self.entry.key,
            "class": self.entry.label,
            "probe": self.entry.probe,
            "kind": self.entry.kind,
            "trained": self.entry.trained,
            "source": self.entry.source,
            "patient": self.entry.patient,
            "width": probe.width,
            "height": probe.height,
            "format": probe.format,
            "frames": probe.frames,
            "frames_sampled": probe.sampled,
            "frame_rate_hz": _rounded(self.facts.frame_rate_hz),
            "length_s": _rounded(probe.duration_s),
            "licence": self.entry.licence,
            "licence_url": metadata.licence_url,
            "gender": metadata.gender,
            "age": metadata.age,
            "findings": "; ".join(name for name, there in metadata.findings.items() if there),
            "symptoms": "; ".join(name for name, there in metadata.symptoms.items() if there),
            "doctors": " | ".join(metadata.doctors),
            "comment": metadata.comment,
            "url": metadata.url,
            "doi": metadata.doi,
            "sha256": self.entry.sha256,
        }


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, standard deviation (n - 1) and range of a measurement; all None without values."""

    count: int
    mean: float | None
    sd: float | None
    least: float | None
    most: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of some values; a single one has no standard deviation."""
        if not values:
            return cls(0, None, None, None, None)
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
        mean = float(np.mean(values))
        return cls(len(values), mean, sd, float(min(values)), float(max(values)))


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """Counts and spreads of the recordings that share the values in `names`.

    `frames` is the number of frames sampled for training (3 Hz, at most 30 per recording).
    """

    names: Mapping[str, str]
    recordings: int
    videos: int
    stills: int
    patients: int
    frames: int
    frames_per_video: Spread
    file_frames_per_video: Spread
    length_s: Spread
    frame_rate_hz: Spread
    width: Spread
    height: Spread

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Survey:
    """A dataset's tables and its defects."""

    recordings: tuple[MeasuredRecording, ...]
    overall: tuple[SurveyRow, ...]
    by_class: tuple[SurveyRow, ...]
    by_source: tuple[SurveyRow, ...]
    findings: Mapping[str, Mapping[str, int]]
    duplicates: tuple[DuplicatePair, ...]
    unreadable: Mapping[str, str]
    rows_without_file: tuple[str, ...]
    files_without_row: tuple[str, ...]
    ambiguities: tuple[str, ...]
    approximate: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "overall": [line.to_dict() for line in self.overall],
            "by_class": [line.to_dict() for line in self.by_class],
            "by_source": [line.to_dict() for line in self.by_source],
            "findings": self.findings,
            "duplicates": [
                {
                    "one": pair.one.key,
                    "other": pair.other.key,
                    "exact": pair.exact,
                    "bits": pair.bits,
                    "across_patients": pair.across_patients,
                }
                for pair in self.duplicates
            ],
            "unreadable": self.unreadable,
            "rows_without_file": self.rows_without_file,
            "files_without_row": self.files_without_row,
            "doubts": self.ambiguities,
            "loose": self.approximate,
            "recordings": [recording.row for recording in self.recordings],
        }


def survey(index: Index, facts: Mapping[str, Facts], failed: Mapping[str, MediaError]) -> Survey:
    """Compute the statistics of a dataset.

    Args:
        index: of the folder.
        facts: by SHA-256, of all readable recordings.
        failed: by SHA-256, the errors of the unreadable ones.
    """
    found = tuple(
        MeasuredRecording(entry, facts[entry.sha256])
        for entry in index.entries
        if entry.sha256 in facts
    )
    return Survey(
        recordings=found,
        overall=_survey_rows(found, lambda recording: {"set": _set_name(recording.entry)}),
        by_class=_survey_rows(
            found,
            lambda recording: {"probe": recording.entry.probe, "class": recording.entry.label},
        ),
        by_source=_survey_rows(
            found,
            lambda recording: {
                "source": recording.entry.source or "unknown",
                "class": recording.entry.label,
            },
        ),
        findings=_findings(found),
        duplicates=tuple(duplicates(index.entries, facts)),
        unreadable={
            entry.key: failed[entry.sha256].message
            for entry in index.entries
            if entry.sha256 in failed
        },
        rows_without_file=index.rows_without_file,
        files_without_row=index.files_without_row,
        ambiguities=index.ambiguities,
        approximate=index.approximate,
    )


def _set_name(entry: Entry) -> str:
    return "trained" if entry.trained else "not trained"


def _survey_rows(
    found: Sequence[MeasuredRecording], names: Callable[[MeasuredRecording], dict[str, str]]
) -> tuple[SurveyRow, ...]:
    parts: dict[tuple[str, ...], list[MeasuredRecording]] = {}
    for recording in found:
        parts.setdefault(tuple(names(recording).values()), []).append(recording)
    return tuple(_survey_row(names(parts[key][0]), parts[key]) for key in sorted(parts, key=_place))


def _place(names: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Classes in their order, numbered sources by number, all else by name."""
    return tuple(
        (CLASS_ORDER.index(name), "")
        if name in CLASS_ORDER
        else (int(name) if name.isdecimal() else 10**9, name)
        for name in names
    )


def _survey_row(names: Mapping[str, str], recordings: Sequence[MeasuredRecording]) -> SurveyRow:
    videos = [recording for recording in recordings if recording.is_video]
    lengths = [video.facts.probe.duration_s for video in videos]
    rates = [video.facts.frame_rate_hz for video in videos]
    return SurveyRow(
        names=names,
        recordings=len(recordings),
        videos=len(videos),
        stills=len(recordings) - len(videos),
        # The number of unknown patients is unknown.
        patients=len({recording.entry.patient for recording in recordings} - {""}),
        frames=sum(recording.facts.probe.sampled for recording in recordings),
        frames_per_video=Spread.of([video.facts.probe.sampled for video in videos]),
        file_frames_per_video=Spread.of([video.facts.probe.frames for video in videos]),
        length_s=Spread.of([length for length in lengths if length]),
        frame_rate_hz=Spread.of([rate for rate in rates if rate]),
        width=Spread.of([recording.facts.probe.width for recording in recordings]),
        height=Spread.of([recording.facts.probe.height for recording in recordings]),
    )


def _findings(found: Sequence[MeasuredRecording]) -> dict[str, dict[str, int]]:
    """For each class, the number of recordings in which doctors reported each finding."""
    counts: dict[str, dict[str, int]] = {}
    for recording in sorted(found, key=lambda one: CLASS_ORDER.index(one.entry.label)):
        of_label = counts.setdefault(recording.entry.label, {})
        for name, there in recording.entry.metadata.findings.items():
            of_label[name] = of_label.get(name, 0) + there
    return counts


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
