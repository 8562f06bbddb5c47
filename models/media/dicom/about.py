"""What a DICOM header says of patient and machine that a contributor is asked for anyway."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pydicom.dataset import Dataset

from models.contract import Probe
from models.media.dicom.elements import number, word
from models.media.dicom.identity import identity

_AGE = re.compile(r"(\d{1,3})([YMWD])")
_UNITS_IN_A_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}
_OLDEST = 130
_PROBES = {"CURVED LINEAR": Probe.CONVEX, "CURVED_LINEAR": Probe.CONVEX, "LINEAR": Probe.LINEAR}
_SEXES: dict[str, Literal["female", "male", "other"]] = {"F": "female", "M": "male", "O": "other"}
_LONGEST = 64
_MIN_WORD = 3


@dataclass(frozen=True, slots=True)
class About:
    """Age in whole years, sex, probe, the machine's maker and model, mechanical and thermal index.

    None, or an empty text, is what the header does not say.
    """

    age_years: int | None = None
    sex: Literal["female", "male", "other"] | None = None
    probe: Probe | None = None
    machine: str = ""
    mechanical_index: float | None = None
    thermal_index: float | None = None


def about(dataset: Dataset) -> About:
    """What the header says; look at it inside `models.media.dicom.header.no_quotation`."""
    return About(
        age_years=_age_years(dataset),
        sex=_SEXES.get(word(dataset, "PatientSex")),
        probe=_PROBES.get(word(dataset, "TransducerType")),
        machine=_machine(dataset),
        mechanical_index=_index(dataset, "MechanicalIndex"),
        thermal_index=_index(dataset, "SoftTissueThermalIndex")
        or _index(dataset, "BoneThermalIndex"),
    )


def _age_years(dataset: Dataset) -> int | None:
    if (found := _AGE.fullmatch(word(dataset, "PatientAge"))) is not None:
        years = int(found[1]) // _UNITS_IN_A_YEAR[found[2]]
        return years if years <= _OLDEST else None
    born, seen = _day(dataset, "PatientBirthDate"), _day(dataset, "StudyDate")
    if born is None or seen is None:
        return None
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return years if 0 <= years <= _OLDEST else None


def _day(dataset: Dataset, keyword: str) -> date | None:
    try:
        return datetime.strptime(word(dataset, keyword), "%Y%m%d").date()  # noqa: DTZ007  # a day
    except ValueError:
        return None


def _machine(dataset: Dataset) -> str:
    """Maker and model, unless a word of them identifies somebody."""
    known = {
        part
        for value in identity(dataset)
        for part in re.findall(r"[^\W_]+", value.casefold())
        if len(part) >= _MIN_WORD
    }
    texts = []
    for keyword in ("Manufacturer", "ManufacturerModelName"):
        value = dataset.get(keyword)
        text = " ".join(str(value or "").split())[:_LONGEST]
        if text.isprintable() and known.isdisjoint(re.findall(r"[^\W_]+", text.casefold())):
            texts.append(text)
    return " ".join(text for text in texts if text)


def _index(dataset: Dataset, keyword: str) -> float | None:
    """An index of acoustic output: 0 to 10."""
    value = number(dataset, keyword)
    return value if value is not None and 0 < value <= 10 else None
