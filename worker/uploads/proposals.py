"""Fields of the form that a DICOM file's header proposes, for its contributor to change."""

from typing import Any

from backend.tables.vocabulary import AgeBand, Probe, Sex
from models.media.dicom.about import About

_OLDEST = {
    AgeBand.UNDER_18: 17,
    AgeBand.UNDER_40: 39,
    AgeBand.UNDER_60: 59,
    AgeBand.UNDER_80: 79,
}


def proposals(about: About, depth_mm: float | None) -> dict[str, Any]:
    """Values by field; only of what is known.

    Machine, depth, and mechanical and thermal index have no field of their own: they make a note,
    which is not published.

    Args:
        about: see `models.media.dicom.about`.
        depth_mm: how deep the field reaches.
    """
    values: dict[str, Any] = {}
    if about.age_years is not None:
        bands = [band for band, oldest in _OLDEST.items() if about.age_years <= oldest]
        values["age_band"] = bands[0] if bands else AgeBand.OVER_80
    if about.sex is not None:
        values["sex"] = Sex(about.sex)
    if about.probe is not None:
        values["probe"] = Probe(about.probe.value)
    facts = [about.machine] if about.machine else []
    if depth_mm is not None:
        facts.append(f"depth {depth_mm / 10:.1f} cm")
    if about.mechanical_index is not None:
        facts.append(f"MI {about.mechanical_index:g}")
    if about.thermal_index is not None:
        facts.append(f"TI {about.thermal_index:g}")
    if facts:
        values["note"] = ", ".join(facts)
    return values
