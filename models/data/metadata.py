"""What a dataset's table tells of a recording beyond its class: appendix A of the paper."""

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
_NOTHING = {"nd", "n/a"}
"""What stands for nothing in the columns of findings, symptoms, measures, gender and age."""


@dataclass(frozen=True, slots=True)
class About:
    """What the table says; empty or None where it says nothing. Text is as it stands there.

    `comment` is the source's own, `doctors` those of the medical doctors who looked at it.
    `findings` and `symptoms` hold what was judged, each as present or absent. `frame_rate_hz`,
    `resolution` (width, height) and `frames` are the table's claims, not measured.
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


def read_about(row: Mapping[str, object]) -> About:
    """The row's columns as values; columns that the table lacks count as empty ones."""
    given = {name: value for name, value in row.items() if isinstance(value, str) and value.strip()}
    text = {name: _unguarded(value) for name, value in given.items()}
    said = {name: value.strip() for name, value in given.items() if not _is_nothing(value)}
    doctors = (text.get(name, "") for name in _DOCTORS)
    frames = _number(said.get("Length (frames)", ""))
    return About(
        title=text.get("Title", ""),
        url=text.get("URL (Video Name)", ""),
        doi=text.get("DOI", ""),
        licence_url=text.get("LinkToLicense", ""),
        comment=text.get("Comments from web site", ""),
        doctors=tuple(each for each in doctors if each),
        frame_rate_hz=_number(said.get("Framerate", "")),
        resolution=_resolution(said.get("Resolution", "")),
        frames=int(frames) if frames else None,
        gender=said.get("Gender", ""),
        age=said.get("Age", ""),
        findings=_marks(said, _FINDINGS),
        symptoms=_marks(said, _SYMPTOMS),
    )


def _unguarded(value: str) -> str:
    """The text without the quote that a release sets before what looks like a formula."""
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA_STARTS) else value


def _is_nothing(value: str) -> bool:
    return value.strip().lower() in _NOTHING


def _number(text: str) -> float | None:
    found = re.match(r"\d+(?:[.,]\d+)?", text)
    return float(found[0].replace(",", ".")) if found else None


def _resolution(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d+)\s*[x×*]\s*(\d+)", text.lower())
    return (int(found[1]), int(found[2])) if found else None


def _marks(said: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, bool]:
    judged = {name: said.get(column, "") for column, name in columns.items()}
    return {name: value == "1" for name, value in judged.items() if value in ("0", "1")}
