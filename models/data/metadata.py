"""A recording's metadata in a dataset's table, beyond its class (paper, appendix A)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FINDINGS = {
    "Effusion": "effusion",
    "Consolidations": "consolidations",
    "B-lines": "B-lines",
    "A-lines": "A-lines",
    "Pleural line irregularities": "pleural irregularities",
    "Air bronchogram": "air bronchogram",
    "Healthy": "healthy",
}
_SYMPTOMS = {
    "Fever": "fever",
    "Cough": "cough",
    "Respiratory problems": "respiratory problems",
    "Headache": "headache",
    "Loss of smell/taste": "loss of smell or taste",
    "Fatigue": "fatigue",
    "Sore throat": "sore throat",
    "Asymptomatic": "asymptomatic",
}
_DOCTORS = ("Comments first medical doctor (MD1)", "MD2", "MD3")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOT_STATED = {"nd", "n/a"}
"""Markers of a missing value in the columns of findings, symptoms, measures, gender and age."""


@dataclass(frozen=True, slots=True)
class RecordingMetadata:
    """A table row's values, text verbatim; empty or None where a value is missing.

    `comment` is from the recording's source, `doctors` are the comments of medical doctors.
    `findings` and `symptoms` map each assessed one to whether it is present. `frame_rate_hz`,
    `resolution` (width, height in pixels) and `frames` are as stated, not measured.
    """

    title: str = ""
    url: str = ""
    doi: str = ""
    licence_url: str = ""
    comment: str = ""
    doctors: tuple[str, ...] = ()
    frame_rate_hz: float | None = None
    resolution: tuple[int, int] | None = None
    frames: int | None = None
    gender: str = ""
    age: str = ""
    findings: Mapping[str, bool] = field(default_factory=dict)
    symptoms: Mapping[str, bool] = field(default_factory=dict)


def read_metadata(row: Mapping[str, object]) -> RecordingMetadata:
    """Parse a table row; missing columns are treated as empty."""
    cells = {name: value for name, value in row.items() if isinstance(value, str) and value.strip()}
    text = {name: _without_formula_guard(value) for name, value in cells.items()}
    stated = {name: value.strip() for name, value in cells.items() if not _is_not_stated(value)}
    doctors = (text.get(name, "") for name in _DOCTORS)
    frames = _number(stated.get("Length (frames)", ""))
    return RecordingMetadata(
        title=text.get("Title", ""),
        url=text.get("URL (Video Name)", ""),
        doi=text.get("DOI", ""),
        licence_url=text.get("LinkToLicense", ""),
        comment=text.get("Comments from web site", ""),
        doctors=tuple(doctor for doctor in doctors if doctor),
        frame_rate_hz=_number(stated.get("Framerate", "")),
        resolution=_resolution(stated.get("Resolution", "")),
        frames=int(frames) if frames else None,
        gender=stated.get("Gender", ""),
        age=stated.get("Age", ""),
        findings=_flags(stated, _FINDINGS),
        symptoms=_flags(stated, _SYMPTOMS),
    )


def _without_formula_guard(value: str) -> str:
    """The text without the quote with which a release escapes spreadsheet formulas."""
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA_STARTS) else value


def _is_not_stated(value: str) -> bool:
    return value.strip().lower() in _NOT_STATED


def _number(text: str) -> float | None:
    number = re.match(r"\d+(?:[.,]\d+)?", text)
    return float(number[0].replace(",", ".")) if number else None


def _resolution(text: str) -> tuple[int, int] | None:
    number = re.fullmatch(r"(\d+)\s*[x×*]\s*(\d+)", text.lower())
    return (int(number[1]), int(number[2])) if number else None


def _flags(stated: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, bool]:
    marks = {name: stated.get(column, "") for column, name in columns.items()}
    return {name: value == "1" for name, value in marks.items() if value in ("0", "1")}
