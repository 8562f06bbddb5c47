"""The answer as a picture, for viewers that show no structured report: a Secondary Capture."""

import textwrap
from collections.abc import Sequence

import numpy as np
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from backend.dicom.answer import MANUFACTURER, PRODUCT, Answer, software_version
from backend.dicom.report import date_as
from backend.dicom.source import CHARACTER_SET, Source, make_uid
from models.contract import CLASS_NAMES, CLASSES, DISCLAIMER, SIGN_NAMES, SIGNS
from models.media.square import Picture

SERIES_NUMBER = 9902
SIDE = 512
"""Side in pixels of the frame; the answer stands to the right of it, on as much again."""

_LETTERS, _LINE, _MARGIN = 18, 26, 20
_BAR, _BAR_HEIGHT = 200, 14
_COLUMNS = 50
_BLACK, _GREY, _WHITE = (0, 0, 0), (150, 150, 150), (255, 255, 255)


def make_picture(source: Source, answer: Answer, frame: Picture) -> Dataset:
    """The picture of an answer; the same answer and frame give the same bytes.

    Args:
        source: the instance that was screened.
        answer: what was found.
        frame: one screened frame, square, uint8 RGB (size, size, 3).

    Returns:
        A Secondary Capture of the source's study, 512 pixels high and 1024 wide, RGB.
    """
    evidence = source.evidence
    picture = SCImage(
        pixel_array=draw(answer, frame),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        study_instance_uid=source.study,
        series_instance_uid=make_uid("picture-series", evidence.SeriesInstanceUID),
        series_number=SERIES_NUMBER,
        sop_instance_uid=make_uid("picture", answer.key),
        instance_number=source.number,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=PRODUCT,
        software_versions=software_version(),
        device_serial_number=answer.prediction.model_version,
        series_description=f"{PRODUCT}: pictures of answers",
        specific_character_set=CHARACTER_SET,
        patient_id=evidence.PatientID,
        patient_name=evidence.PatientName,
        patient_birth_date=evidence.PatientBirthDate or None,
        patient_sex=evidence.PatientSex or None,
        accession_number=evidence.AccessionNumber,
        study_id=evidence.StudyID,
        study_date=evidence.StudyDate or None,
        study_time=evidence.StudyTime or None,
        referring_physician_name=evidence.ReferringPhysicianName,
        patient_orientation=("L", "F"),
    )
    # Neither is known of an ultrasound frame, and both must be there.
    for keyword in ("PatientOrientation", "Laterality"):
        setattr(picture, keyword, None)
    picture.ImageType = ["DERIVED", "SECONDARY"]
    picture.DerivationDescription = f"The answer of {PRODUCT}, beside the first screened frame"
    picture.SourceImageSequence = [_reference(source)]
    date_as(picture, answer.finished_at)
    return picture


def _reference(source: Source) -> Dataset:
    item, purpose = Dataset(), Dataset()
    item.ReferencedSOPClassUID = source.evidence.SOPClassUID
    item.ReferencedSOPInstanceUID = source.evidence.SOPInstanceUID
    if source.frames:
        item.ReferencedFrameNumber = source.frames[0]
    code = codes.DCM.SourceImageForImageProcessingOperation
    purpose.CodeValue, purpose.CodingSchemeDesignator = code.value, code.scheme_designator
    purpose.CodeMeaning = code.meaning
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item


def draw(answer: Answer, frame: Picture) -> Picture:
    """The frame with the answer beside it: (512, 1024, 3), uint8 RGB."""
    page = Image.new("RGB", (2 * SIDE, SIDE), _BLACK)
    page.paste(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BILINEAR), (0, 0))
    pen = _Pen(ImageDraw.Draw(page))
    found = answer.prediction
    pen.write([f"{PRODUCT}, {found.model_version}", f"{answer.finished_at:%Y-%m-%d %H:%M} UTC"])
    if answer.shows_class:
        pen.skip()
        for key in CLASSES:
            pen.bar(CLASS_NAMES[key], found.probabilities[key])
    if found.signs is not None:
        pen.skip()
        for key in SIGNS:
            pen.bar(SIGN_NAMES[key], found.signs[key].probability)
    pen.skip()
    pen.write(textwrap.wrap(answer.summary, _COLUMNS)[:3])
    pen.skip()
    pen.write(textwrap.wrap(DISCLAIMER, _COLUMNS), _GREY)
    return np.asarray(page, dtype=np.uint8)


class _Pen:
    """Writes lines and bars from the top to the bottom."""

    def __init__(self, page: ImageDraw.ImageDraw) -> None:
        self._page, self._y = page, _MARGIN
        self._font = ImageFont.load_default(_LETTERS)

    def write(self, lines: Sequence[str], colour: tuple[int, int, int] = _WHITE) -> None:
        for line in lines:
            self._page.text((SIDE + _MARGIN, self._y), line, colour, self._font)
            self._y += _LINE

    def bar(self, name: str, value: float) -> None:
        """A name, its value of 0 to 1 in per cent, and a bar."""
        top = self._y + (_LINE - _BAR_HEIGHT) // 2
        left = 2 * SIDE - _MARGIN - _BAR
        self._page.rectangle((left, top, left + _BAR, top + _BAR_HEIGHT), outline=_GREY)
        self._page.rectangle((left, top, left + round(value * _BAR), top + _BAR_HEIGHT), fill=_GREY)
        self.write([f"{name}: {value:.0%}"])

    def skip(self) -> None:
        self._y += _LINE // 2
