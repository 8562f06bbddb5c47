"""Reports and pictures of answers: valid by dciodvfy, the same at every try, and discreet."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from backend.dicom.answer import Answer
from backend.dicom.objects import objects_of, to_bytes
from backend.dicom.source import read_source
from models.contract import CLASS_NAMES, DISCLAIMER, Prediction, Square
from models.media.formats import MediaError
from tests import factories
from tests.dicom_instances import make_instance, needs_programs, run, validate, write

SIDE = 200


def make_answer(found: Prediction | None = None, *, shows_class: bool = True) -> Answer:
    prediction = found or factories.prediction()
    return Answer(
        UUID(int=5), datetime(2025, 3, 1, 12, tzinfo=UTC), Square(0, 0, SIDE), prediction,
        shows_class,
    )  # fmt: skip


def texts(report: Dataset) -> str:
    """Every text of a report, with the meanings of its codes."""
    return to_bytes(report).decode("utf-8", "replace")


class TestValid:
    pytestmark = needs_programs

    @pytest.mark.parametrize("frames", [1, 12])
    @pytest.mark.parametrize("shows_class", [True, False])
    def test_dciodvfy_finds_no_error_in_any_object(
        self, frames: int, shows_class: bool, tmp_path: Path
    ) -> None:
        path = write(make_instance(frames, SIDE), tmp_path / "source.dcm")
        found = factories.prediction() if shows_class else factories.unusable()
        for made in objects_of(path, make_answer(found, shows_class=shows_class)):
            assert validate(write(made, tmp_path / "made.dcm")) == []

    def test_one_of_a_patient_without_any_name_is_valid_too(self, tmp_path: Path) -> None:
        source = make_instance(1, SIDE)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate",
                        "StudyTime", "AccessionNumber", "StudyID",
                        "ReferringPhysicianName"):  # fmt: skip
            delattr(source, keyword)
        for made in objects_of(write(source, tmp_path / "source.dcm"), make_answer()):
            assert validate(write(made, tmp_path / "made.dcm")) == []

    def test_dsrdump_shows_classes_signs_and_the_disclaimer(self, tmp_path: Path) -> None:
        path = write(make_instance(12, SIDE), tmp_path / "source.dcm")
        report, _ = objects_of(path, make_answer())
        text = run("dsrdump", "+Pl", write(report, tmp_path / "report.dcm"))
        for wanted in ("COVID-19", "Pneumonia", "Normal", "Lung structure", "Algorithm Name",
                       "Artificial Intelligence", "Research use only"):  # fmt: skip
            assert wanted in text


def test_it_belongs_to_the_patient_and_the_study_and_refers_to_the_frames(tmp_path: Path) -> None:
    source = make_instance(12, SIDE, PatientName="Ängström^Änne", SpecificCharacterSet="ISO_IR 100")
    path = write(source, tmp_path / "source.dcm")
    for made in objects_of(path, make_answer()):
        again = pydicom.dcmread(write(made, tmp_path / "made.dcm"))
        for keyword in ("PatientID", "StudyInstanceUID", "AccessionNumber", "StudyDate"):
            assert again[keyword].value == source[keyword].value
        assert str(again.PatientName) == "Ängström^Änne"
        assert again.SOPInstanceUID != source.SOPInstanceUID
        assert again.SeriesInstanceUID != source.SeriesInstanceUID
    report = objects_of(path, make_answer())[0]
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = evidence.ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert read_source(path).frames == (1, 4, 8, 11)


def test_classes_have_their_probabilities_and_the_model_its_name(tmp_path: Path) -> None:
    path = write(make_instance(12, SIDE), tmp_path / "source.dcm")
    answer = make_answer()
    report = objects_of(path, answer)[0]
    measured = {
        group.ContentSequence[0].TextValue: [
            float(item.MeasuredValueSequence[0].NumericValue)
            for item in group.ContentSequence
            if item.ValueType == "NUM"
        ]
        for group in _groups(report)
    }
    for key, name in CLASS_NAMES.items():
        assert measured[name] == [pytest.approx(answer.prediction.probabilities[key], abs=1e-6)]
    assert answer.prediction.model_version in texts(report)
    assert DISCLAIMER in texts(report)


def _groups(report: Dataset) -> list[Dataset]:
    measurements = next(
        item
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == codes.DCM.ImagingMeasurements.value
    )
    return list(measurements.ContentSequence)


def test_no_class_is_told_where_none_is_shown(tmp_path: Path) -> None:
    path = write(make_instance(12, SIDE), tmp_path / "source.dcm")
    answer = make_answer(factories.unusable(), shows_class=False)
    report, _ = objects_of(path, answer)
    names = [group.ContentSequence[0].TextValue for group in _groups(report)]
    assert not set(names) & set(CLASS_NAMES.values())
    assert answer.prediction.reasons[0].message in texts(report)
    told = objects_of(path, make_answer(factories.unusable()))
    assert told[0].SOPInstanceUID != report.SOPInstanceUID


def test_the_same_answer_is_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    path = write(make_instance(12, SIDE), tmp_path / "source.dcm")
    first, second = ([to_bytes(made) for made in objects_of(path, make_answer())] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "x" * 60_000),
        ("PatientBirthDate", "yesterday"),
        ("StudyTime", "noon"),
        ("PatientSex", "unknown"),
        ("AccessionNumber", "1\\2\\3"),
        ("InstanceNumber", "many"),
    ],
)
def test_what_breaks_the_rules_of_a_header_is_not_copied(
    keyword: str, value: str, tmp_path: Path
) -> None:
    source = make_instance(1, SIDE)
    del source[keyword]
    source.add_new(keyword, "LO" if keyword != "InstanceNumber" else "SH", value)
    path = write(source, tmp_path / "source.dcm")
    for made in objects_of(path, make_answer()):
        assert value.encode() not in to_bytes(made)


def test_a_source_without_a_study_is_refused(tmp_path: Path) -> None:
    source = make_instance(1, SIDE)
    del source.StudyInstanceUID
    with pytest.raises(MediaError):
        objects_of(write(source, tmp_path / "source.dcm"), make_answer())
