"""What a header says that contributors are asked for, and nothing that identifies anybody."""

from typing import Any

import pytest

from models.contract import Probe
from models.media.dicom.about import About, about
from models.media.dicom.identity import identity
from tests.models.media.dicom import instances


def said(**elements: Any) -> About:
    return about(instances.dataset(instances.grey(1), **elements))


def test_a_header_that_says_nothing_proposes_nothing() -> None:
    assert said() == About()


def test_all_of_it() -> None:
    found = said(
        PatientAge="045Y",
        PatientSex="F",
        TransducerType="CURVED LINEAR",
        Manufacturer="Philips",
        ManufacturerModelName="EPIQ 7",
        MechanicalIndex="0.9",
        SoftTissueThermalIndex="0.4",
    )
    assert found == About(45, "female", Probe.CONVEX, "Philips EPIQ 7", 0.9, 0.4)


@pytest.mark.parametrize(
    ("elements", "years"),
    [
        ({"PatientAge": "018M"}, 1),
        ({"PatientAge": "003D"}, 0),
        ({"PatientAge": "999Y"}, None),
        ({"PatientAge": "old"}, None),
        ({"PatientBirthDate": "19560411", "StudyDate": "20260410"}, 69),
        ({"PatientBirthDate": "19560411", "StudyDate": "20260411"}, 70),
        ({"PatientBirthDate": "19560411"}, None),
        ({"PatientBirthDate": "20300101", "StudyDate": "20260101"}, None),
        ({"PatientBirthDate": "19561399", "StudyDate": "20260101"}, None),
    ],
)
def test_the_age_is_in_whole_years(elements: dict[str, str], years: int | None) -> None:
    assert said(**elements).age_years == years


def test_a_machine_that_is_called_as_the_patient_is_left_out() -> None:
    assert said(Manufacturer="GE", ManufacturerModelName="Room of Lindqvist").machine == "GE"


@pytest.mark.parametrize("value", ["-1", "0", "11", "nan"])
def test_an_index_out_of_range_is_none(value: str) -> None:
    assert said(MechanicalIndex=value).mechanical_index is None


def test_the_identity_has_names_numbers_and_dates() -> None:
    made = instances.dataset(instances.grey(1), AccessionNumber="A-77", PatientBirthDate="19560411")
    made.OtherPatientNames = ["Elsa^Berg", "E^B"]
    assert identity(made) == [
        instances.PATIENT,
        "Elsa^Berg",
        "E^B",
        "190312-4471",
        "19560411",
        "A-77",
    ]
