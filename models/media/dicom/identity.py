"""Who a DICOM header names: words to search for elsewhere, never to be stored or logged."""

from pydicom.dataset import Dataset

from models.media.dicom.elements import items

KEYWORDS = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientID",
    "OtherPatientIDs",
    "PatientBirthDate",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "MedicalRecordLocator",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "OperatorsName",
    "InstitutionName",
)
"""Elements whose values identify a person."""

MOST_WORDS = 200
"""Values that are searched for of one header."""

_LONGEST = 200


def identity(dataset: Dataset) -> list[str]:
    """The names, numbers and dates of a header that identify somebody.

    Look at it inside `models.media.dicom.header.no_quotation`, as at any element.
    """
    datasets = [dataset, *items(dataset, "OtherPatientIDsSequence")]
    found: list[str] = []
    for each in datasets:
        for keyword in KEYWORDS:
            value = each.get(keyword)
            if value in (None, ""):
                continue
            values = value if isinstance(value, list) or hasattr(value, "append") else [value]
            found.extend(str(one)[:_LONGEST] for one in values)
    return [one for one in found if one.strip()][:MOST_WORDS]
