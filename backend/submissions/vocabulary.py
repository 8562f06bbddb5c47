"""The words of `backend.tables.vocabulary` with their names for people."""

from enum import StrEnum

from backend.core.settings import Settings
from backend.submissions.fields import REQUIRED
from backend.submissions.manifest import COLUMNS
from backend.submissions.schemas import ColumnOut, LimitsOut, VocabularyOut, Word
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
    "I may share these recordings: the patients or their representatives agreed, or the law of my "
    "country does not ask for it. They show no name, date of birth, number or other mark that "
    "leads to a person. Everybody may use them under the licence that I chose for each."
)

_NAMES = {
    Label.COVID19: "COVID-19",
    Label.VIRAL: "Viral pneumonia",
    Label.PNEUMONIA: "Bacterial pneumonia",
    Licence.CC_BY: "CC BY 4.0: any use, with your name",
    Licence.CC_BY_NC: "CC BY-NC 4.0: any use but a commercial one, with your name",
    Licence.CC_BY_NC_SA: (
        "CC BY-NC-SA 4.0: any use but a commercial one, with your name, under the same licence"
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
    """Everything that a form or a manifest can say, as this installation takes it."""
    return VocabularyOut(
        labels=_words(Label),
        probes=_words(Probe),
        licences=_words(Licence),
        age_bands=_words(AgeBand),
        sexes=_words(Sex),
        blue_points=_words(BluePoint),
        findings=_words(Finding),
        symptoms=_words(Symptom),
        verdicts=_words(Verdict),
        reasons=_words(Reason),
        states=_words(ContributionState),
        required=list(REQUIRED),
        manifest_columns=[
            ColumnOut(name=each.name, also=list(each.also), about=each.about) for each in COLUMNS
        ],
        limits=LimitsOut(
            files=limits.MOST_FILES,
            file_bytes=settings.max_upload_bytes,
            archive_bytes=settings.max_archive_bytes,
            archive_entries=limits.MOST_ENTRIES,
            unpacked_bytes=limits.MOST_UNPACKED_BYTES,
            manifest_bytes=limits.MOST_MANIFEST_BYTES,
            manifest_rows=limits.MOST_MANIFEST_ROWS,
        ),
        consent=CONSENT,
    )


def _words(words: type[StrEnum]) -> list[Word]:
    return [Word(key=word, name=_NAMES.get(word) or _said(word)) for word in words]


def _said(key: str) -> str:
    return key.replace("_", " ").capitalize() if key.islower() else key
