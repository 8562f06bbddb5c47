"""The choices of `backend.tables.vocabulary` with their names for people."""

from enum import StrEnum

from backend.core.settings import Settings
from backend.submissions.fields import REQUIRED
from backend.submissions.manifest import COLUMNS
from backend.submissions.schemas import Choice, ColumnOut, LimitsOut, VocabularyOut
from backend.submissions.uploads import limits
from backend.tables.vocabulary import (
    AgeBand,
    BluePoint,
    ContributionState,
    Finding,
    Label,
    Licence,
    Probe,
    Reason,
    Sex,
    Symptom,
    Verdict,
)

CONSENT = (
    "I may share these recordings: the patients or their representatives have consented, or the "
    "law of my country does not require it. The recordings show no name, date of birth, number or "
    "other mark that identifies a person. Anybody may use them under the licence that I chose for "
    "each."
)

_NAMES = {
    Label.COVID19: "COVID-19",
    Label.VIRAL: "Viral pneumonia",
    Label.PNEUMONIA: "Bacterial pneumonia",
    Licence.CC_BY: "CC BY 4.0: any use, crediting you",
    Licence.CC_BY_NC: "CC BY-NC 4.0: non-commercial use, crediting you",
    Licence.CC_BY_NC_SA: (
        "CC BY-NC-SA 4.0: non-commercial use, crediting you, under the same licence"
    ),
    Licence.PMC_COVID19: "PMC COVID-19 licence: as in PubMed Central's collection on COVID-19",
    Licence.CC0: "CC0 1.0: any use",
    Finding.B_LINES: "B-lines",
    Finding.A_LINES: "A-lines",
    BluePoint.RIGHT_PLAPS: "Right PLAPS point",
    BluePoint.LEFT_PLAPS: "Left PLAPS point",
    Reason.BURNED_IN_MARKS: "Burned-in marks",
    Reason.NO_LICENCE: "No licence",
    Reason.NOT_LUNG_ULTRASOUND: "Not lung ultrasound",
    AgeBand.OVER_80: "80 and older",
    Symptom.LOSS_OF_SMELL_OR_TASTE: "Loss of smell or taste",
}


def vocabulary(settings: Settings) -> VocabularyOut:
    """All choices of forms and manifests, and the limits of this installation."""
    return VocabularyOut(
        labels=_choices(Label),
        probes=_choices(Probe),
        licences=_choices(Licence),
        age_bands=_choices(AgeBand),
        sexes=_choices(Sex),
        blue_points=_choices(BluePoint),
        findings=_choices(Finding),
        symptoms=_choices(Symptom),
        verdicts=_choices(Verdict),
        reasons=_choices(Reason),
        states=_choices(ContributionState),
        required=list(REQUIRED),
        manifest_columns=[
            ColumnOut(name=column.name, also=list(column.also), about=column.about)
            for column in COLUMNS
        ],
        limits=LimitsOut(
            files=limits.MAX_FILES,
            file_bytes=settings.max_upload_bytes,
            archive_bytes=settings.max_archive_bytes,
            archive_entries=limits.MAX_ENTRIES,
            unpacked_bytes=limits.MAX_UNPACKED_BYTES,
            manifest_bytes=limits.MAX_MANIFEST_BYTES,
            manifest_rows=limits.MAX_MANIFEST_ROWS,
        ),
        consent=CONSENT,
    )


def _choices(enum: type[StrEnum]) -> list[Choice]:
    return [Choice(key=key, name=_NAMES.get(key) or _readable(key)) for key in enum]


def _readable(key: str) -> str:
    return key.replace("_", " ").capitalize() if key.islower() else key
