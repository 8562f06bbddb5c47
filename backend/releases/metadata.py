"""A recording's row in the metadata table of a release: the public dataset's columns, and ours."""

from datetime import datetime

from backend.submissions.fields import FORMULA_STARTS
from backend.tables import Contribution
from backend.tables.releases import MetadataRow
from backend.tables.vocabulary import Finding, Label, Licence, Sex, Symptom

CHANGES = "Cropped to a square, trimmed where a reviewer said so, re-encoded without metadata"

LABELS = {
    Label.COVID19: "COVID-19",
    Label.PNEUMONIA: "Bacterial pneumonia",
    Label.HEALTHY: "regular",
    Label.VIRAL: "Viral pneumonia",
    Label.OTHER: "Other",
}
"""As in the public dataset, so that programs for it can read a release too."""

LICENCE_LINKS = {
    Licence.CC_BY: "https://creativecommons.org/licenses/by/4.0/",
    Licence.CC_BY_NC: "https://creativecommons.org/licenses/by-nc/4.0/",
    Licence.CC_BY_NC_SA: "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    Licence.PMC_COVID19: "https://www.ncbi.nlm.nih.gov/pmc/about/covid-19/",
    Licence.CC0: "https://creativecommons.org/publicdomain/zero/1.0/",
}

_FINDINGS = {
    "Effusion": Finding.EFFUSION,
    "Consolidations": Finding.CONSOLIDATION,
    "B-lines": Finding.B_LINES,
    "A-lines": Finding.A_LINES,
    "Pleural line irregularities": Finding.PLEURAL_IRREGULARITY,
    "Air bronchogram": Finding.AIR_BRONCHOGRAM,
}

_SYMPTOMS = {
    "Fever": Symptom.FEVER,
    "Cough": Symptom.COUGH,
    "Respiratory problems": Symptom.RESPIRATORY_PROBLEMS,
    "Headache": Symptom.HEADACHE,
    "Loss of smell/taste": Symptom.LOSS_OF_SMELL_OR_TASTE,
    "Fatigue": Symptom.FATIGUE,
    "Sore throat": Symptom.SORE_THROAT,
    "Asymptomatic": Symptom.ASYMPTOMATIC,
}

_ANONYMOUS = "A contributor of this installation"
_GENDERS = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "other"}


def metadata_row(
    contribution: Contribution, patient: int | None, added: datetime, release: int
) -> MetadataRow:
    """What is published of a recording, except for the columns about its file and fold.

    The original file name, the contributor's note and the patient's hash are not published.

    Args:
        contribution: approved; its submission and contributor are loaded.
        patient: the patient's number in this dataset.
        added: when its first release was requested.
        release: the number of that release.
    """
    label = contribution.final_label or Label.OTHER
    licence = contribution.licence or Licence.CC_BY
    probe = contribution.probe or ""
    findings = {
        column: _yes_no(contribution.final_findings.get(finding))
        for column, finding in _FINDINGS.items()
    }
    symptoms = {
        column: _yes_no(symptom in contribution.symptoms) if contribution.symptoms else ""
        for column, symptom in _SYMPTOMS.items()
    }
    return {
        "Date added": f"{added:%d.%m.%y}",
        "Current location": f"pocus_{contribution.kind}s/{probe}",
        "Filename": str(contribution.id),
        "Label": LABELS[label],
        "License": str(licence),
        "LinkToLicense": LICENCE_LINKS[licence],
        "ChangesMade": CHANGES,
        "InThisRepo": "Yes",
        "Type": contribution.kind,
        "Probe": probe,
        "Source ID": attribution(contribution),
        "Comments first medical doctor (MD1)": escape_formula(contribution.md_comment),
        "Gender": _GENDERS[contribution.sex] if contribution.sex else "",
        "Age": contribution.age_band or "",
        "Patient ID / Name": "" if patient is None else str(patient),
        **findings,
        "Healthy": _yes_no(label == Label.HEALTHY),
        **symptoms,
        "BLUE point": contribution.blue_point or "",
        "Attribution": attribution(contribution),
        "First release": str(release),
    }


def attribution(contribution: Contribution) -> str:
    """Whom to credit: the given source, else the contributor's affiliation."""
    given = contribution.source or contribution.submission.contributor.affiliation
    return escape_formula(given) or _ANONYMOUS


def escape_formula(text: str) -> str:
    """The text, preceded by a quote if a spreadsheet would treat it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _yes_no(value: bool | None) -> str:
    return "" if value is None else str(int(value))
