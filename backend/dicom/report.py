"""The answer as a structured report: a Comprehensive SR by template 1500, made by highdicom.

Classes and signs are measurement groups (TID 1501) whose finding is the class or the sign and
whose measurement is its probability. Codes are SNOMED's where it has the concept, and else of a
scheme of our own, which the report declares.
"""

import logging
from datetime import datetime

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from backend.dicom.answer import MANUFACTURER, PRODUCT, Answer, software_version
from backend.dicom.source import CHARACTER_SET, Source, make_uid
from models.contract import CLASS_NAMES, CLASSES, DISCLAIMER, SIGN_NAMES, SIGNS

# It says of every module that it copies it, several lines for each answer.
logging.getLogger("highdicom").setLevel(logging.WARNING)  # noqa: TID251  # the library's own logger

SERIES_NUMBER = 9901
SCHEME = "99POCOVID"
"""The private coding scheme of what no public one names."""

_CLASS_CODES = {
    "covid19": ("840539006", "SCT", "COVID-19"),
    "pneumonia": ("233604007", "SCT", "Pneumonia"),
    "healthy": ("17621005", "SCT", "Normal"),
}
_SIGN_CODES = {
    "a_lines": ("A_LINES", SCHEME, "A-lines"),
    "b_lines": ("B_LINES", SCHEME, "B-lines"),
    "consolidation": ("95436008", "SCT", "Lung consolidation"),
    "effusion": ("60046008", "SCT", "Pleural effusion"),
    "pleural_irregularity": ("PLEURAL_IRREGULARITY", SCHEME, "Pleural irregularity"),
    "air_bronchogram": ("AIR_BRONCHOGRAM", SCHEME, "Air bronchogram"),
}
_LUNG = CodedConcept("39607008", "SCT", "Lung structure")
_PROCEDURE = CodedConcept("LUNG_ULTRASOUND", SCHEME, "Ultrasound of lung")
_PROBABILITY = CodedConcept("PROBABILITY", SCHEME, "Probability")
_HIGHEST = CodedConcept("HIGHEST_PROBABILITY", SCHEME, "Highest probability of a frame")
_USABLE = CodedConcept("USABLE", SCHEME, "Looks like lung ultrasound")
_NO_UNITS = CodedConcept("1", "UCUM", "no units")


def make_report(source: Source, answer: Answer) -> Dataset:
    """The report of an answer; the same answer gives the same bytes.

    Args:
        source: the instance that was screened.
        answer: what was found.

    Returns:
        A Comprehensive SR of the source's study, complete and unverified.
    """
    report = ComprehensiveSR(
        evidence=[source.evidence],
        content=_content(source, answer),
        series_instance_uid=make_uid("report-series", source.evidence.SeriesInstanceUID),
        series_number=SERIES_NUMBER,
        sop_instance_uid=make_uid("report", answer.key),
        instance_number=source.number,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=PRODUCT,
        software_versions=software_version(),
        device_serial_number=answer.prediction.model_version,
        series_description=f"{PRODUCT}: answers of a computer",
        specific_character_set=CHARACTER_SET,
        is_complete=True,
    )
    date_as(report, answer.finished_at)
    report.CodingSchemeIdentificationSequence = [_scheme()]
    return report


def date_as(instance: Dataset, at: datetime) -> None:
    """Date an instance as its answer, whenever it is written: one UID has one content."""
    date, time = f"{at:%Y%m%d}", f"{at:%H%M%S.%f}"
    instance.ContentDate, instance.ContentTime = date, time
    instance.InstanceCreationDate, instance.InstanceCreationTime = date, time
    instance.TimezoneOffsetFromUTC = "+0000"
    for keyword in ("SeriesDate", "SeriesTime", "DateOfSecondaryCapture", "TimeOfSecondaryCapture"):
        if keyword in instance:
            setattr(instance, keyword, date if "Date" in keyword else time)
    for equipment in instance.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = f"{date}{time}+0000"


def _scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = f"{PRODUCT}'s own concepts"
    item.CodingSchemeResponsibleOrganization = PRODUCT
    return item


def _content(source: Source, answer: Answer) -> MeasurementReport:
    device = DeviceObserverIdentifyingAttributes(
        uid=make_uid("device", PRODUCT),
        name=PRODUCT,
        manufacturer_name=MANUFACTURER,
        model_name=answer.prediction.model_version,
    )
    content = MeasurementReport(
        observation_context=ObservationContext(
            observer_device_context=ObserverContext(codes.DCM.Device, device)
        ),
        procedure_reported=_PROCEDURE,
        imaging_measurements=_groups(source, answer),
        title=codes.DCM.ImagingMeasurementReport,
    )
    root = content[0].ContentSequence
    for name, text in (
        (codes.DCM.Summary, answer.summary),
        (codes.DCM.Comment, DISCLAIMER),
    ):
        if text:
            root.append(TextContentItem(name, text, RelationshipTypeValues.CONTAINS))
    return content


def _groups(source: Source, answer: Answer) -> list[MeasurementsAndQualitativeEvaluations]:
    """A group for each class that is told, each sign that is known, and the recording's use."""
    found, make = answer.prediction, _Group(source, answer)
    groups = []
    if answer.shows_class:
        groups += [
            make(
                CLASS_NAMES[key],
                _CLASS_CODES[key],
                [(_PROBABILITY, found.probabilities[key])],
            )
            for key in CLASSES
        ]
    if found.signs is not None:
        groups += [
            make(
                SIGN_NAMES[key],
                _SIGN_CODES[key],
                [
                    (_PROBABILITY, found.signs[key].probability),
                    (_HIGHEST, found.signs[key].highest),
                ],
            )
            for key in SIGNS
        ]
    usable = codes.SCT.Yes if found.usable else codes.SCT.No
    return [*groups, make("Usable", None, [], [QualitativeEvaluation(_USABLE, usable)])]


class _Group:
    """Makes measurement groups that share their algorithm, site and source frames."""

    def __init__(self, source: Source, answer: Answer) -> None:
        found = answer.prediction
        self._key = answer.key
        self._algorithm = AlgorithmIdentification(
            name=PRODUCT,
            version=found.model_version,
            parameters=[
                f"parts: {', '.join(found.parts)}",
                f"models: {len(found.models)}",
                f"square: {answer.square.size} pixels at {answer.square.x}, {answer.square.y}",
            ],
            family=codes.cid7162.ArtificialIntelligence,
            manufacturer=MANUFACTURER,
        )
        used = {frame.index for frame in found.frames if frame.usable} or set(
            range(len(found.frames))
        )
        frames = [number for n, number in enumerate(source.frames) if n in used]
        self._images = [
            SourceImageForMeasurementGroup(
                source.evidence.SOPClassUID, source.evidence.SOPInstanceUID, frames or None
            )
        ]

    def __call__(
        self,
        name: str,
        finding: tuple[str, str, str] | None,
        values: list[tuple[CodedConcept, float]],
        evaluations: list[QualitativeEvaluation] | None = None,
    ) -> MeasurementsAndQualitativeEvaluations:
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(
                uid=make_uid("finding", self._key, name), identifier=name
            ),
            finding_type=None if finding is None else CodedConcept(*finding),
            algorithm_id=self._algorithm,
            finding_sites=[FindingSite(_LUNG)],
            measurements=[
                Measurement(measured, round(value, 6), _NO_UNITS) for measured, value in values
            ],
            qualitative_evaluations=evaluations,
            source_images=self._images,
        )
