"""De-identification of a DICOM header by PS3.15, Annex E.

Basic Application Level Confidentiality Profile with the Clean Pixel Data Option, and if asked for,
with Retain Longitudinal Temporal Information with Modified Dates. Beyond the table: every name, and
every UID that no standard assigns, is replaced wherever it stands; text in which a name or number
of the patient stands is replaced; attributes of unknown type, private ones (none that ultrasound
machines write is on the standard's safe list), curves and overlays are removed.
"""

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID

from models.media.confidentiality.profile import EDITION, Action, rules
from models.media.dicom.identity import identity

MOST_DEPTH = 12
"""Sequences inside sequences; what is nested more deeply is removed."""

MOST_DAYS = 3650
"""By how many days dates are moved back at most, where they are modified."""

DUMMY = "ANONYMIZED"
_DUMMIES: dict[str, object] = {
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "DS": "0",
    "IS": "0",
    "UR": "",
}
_NUMBERS = ("FD", "FL", "SL", "SS", "UL", "US", "SV", "UV")
_BYTES = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
_TEXTS = ("AE", "AS", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT")
_DATES = ("DA", "DT")
_UNKNOWN = ("UN",)
_CURVES, _OVERLAYS = 0x5000, 0x6000
_STANDARD_UID = "1.2.840.10008."
_MIN_WORD = 3
_DAY = re.compile(r"\d{8}")


class Deidentifier:
    """De-identifies headers with one key: the same UID, patient and date become the same again.

    Args:
        key: secret of the installation; without it nobody can tell what was what.
        modified_dates: move dates back, by the same number of days for all of a patient, rather
            than to remove them.
    """

    def __init__(self, key: bytes, *, modified_dates: bool = False) -> None:
        self._key = key
        self._modified_dates = modified_dates

    def __call__(self, dataset: Dataset) -> None:
        """De-identify a data set in place, and write into it how it was done.

        Look at it inside `models.media.dicom.header.no_quotation`, as at any element.
        """
        patient = str(dataset.get("PatientID") or "") or str(dataset.get("PatientName") or "")
        words = {
            word
            for value in identity(dataset)
            for word in re.findall(r"[^\W_]+", value.casefold())
            if len(word) >= _MIN_WORD
        }
        shift = dt.timedelta(days=1 + self._number("dates", patient) % MOST_DAYS)
        _Cleaning(self, words, shift if self._modified_dates else None).clean(dataset, 0)
        if patient:
            dataset.PatientID = f"{self._number('patient', patient):032x}"[:16].upper()
        self._write_method(dataset)

    def uid(self, uid: str) -> UID:
        """The UID that stands for another one."""
        return UID(f"2.25.{self._number('uid', uid)}")

    def _number(self, what: str, value: str) -> int:
        """A number of 128 bits that stands for a value."""
        message = f"pocovid dicom {what} {value}".encode("utf-8", "surrogateescape")
        return int.from_bytes(hmac.digest(self._key, message, hashlib.sha256)[:16], "big")

    def _write_method(self, dataset: Dataset) -> None:
        methods = [
            ("113100", "Basic Application Confidentiality Profile"),
            ("113101", "Clean Pixel Data Option"),
        ]
        if self._modified_dates:
            methods.append(
                ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
            )
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = f"{EDITION} by POCOVIDScreen"
        dataset.DeidentificationMethodCodeSequence = [_code(*each) for each in methods]
        dates = "MODIFIED" if self._modified_dates else "REMOVED"
        dataset.LongitudinalTemporalInformationModified = dates
        dataset.BurnedInAnnotation = "NO"


class _Cleaning:
    """One pass through one data set and all that is nested in it."""

    def __init__(self, by: Deidentifier, words: set[str], shift: dt.timedelta | None) -> None:
        self._uid = by.uid
        self._words = words
        self._shift = shift

    def clean(self, dataset: Dataset, depth: int) -> None:
        for tag in list(dataset.keys()):
            if tag.is_private or tag.group & 0xFF00 in (_CURVES, _OVERLAYS):
                del dataset[tag]
                continue
            element = dataset[tag]
            rule = rules().get(tag)
            if rule is None:
                action = self._action(element)
            else:
                action = rule.basic if self._shift is None else rule.modified_dates
            self._apply(dataset, element, action, depth)

    def _action(self, element: DataElement) -> Action | None:
        """For what the table does not name."""
        if element.VR in _UNKNOWN:
            return "X"
        if element.VR == "PN":
            return "D"
        if element.VR in _DATES:
            return "D" if self._shift is None else "C"
        if element.VR == "UI":
            return "U"
        if element.VR in _TEXTS and self._is_named(element):
            return "D"
        return None

    def _apply(
        self, dataset: Dataset, element: DataElement, action: Action | None, depth: int
    ) -> None:
        if action == "X" or (element.VR == "SQ" and depth >= MOST_DEPTH):
            del dataset[element.tag]
        elif action == "Z":
            element.value = Sequence() if element.VR == "SQ" else element.empty_value
        elif element.VR == "SQ":
            for item in element.value:
                self.clean(item, depth + 1)
        elif action == "U" and element.VR == "UI":
            element.value = self._each(element, self._replaced_uid)
        elif action == "C":
            element.value = self._each(element, self._moved) if self._shift else element.value
        elif action in ("D", "U"):
            element.value = _dummy(element.VR)

    def _is_named(self, element: DataElement) -> bool:
        words = re.findall(r"[^\W_]+", str(element.value).casefold())
        return not self._words.isdisjoint(words)

    def _replaced_uid(self, uid: str) -> str:
        return uid if uid.startswith(_STANDARD_UID) or not uid else self._uid(uid)

    def _moved(self, value: str) -> str:
        """A date or time on another day; what is no date becomes a dummy."""
        found = _DAY.match(value)
        if not value or found is None:
            return value if re.fullmatch(r"[\d.:]{0,16}", value) else ""
        try:
            day = dt.datetime.strptime(found[0], "%Y%m%d").date()  # noqa: DTZ007  # a day
            moved = day - (self._shift or dt.timedelta())
        except (ValueError, OverflowError):
            return ""
        return f"{moved:%Y%m%d}{value[8:]}" if re.fullmatch(r"[\d.+-]*", value[8:]) else ""

    @staticmethod
    def _each(element: DataElement, change: Callable[[str], str]) -> object:
        value = element.value
        if isinstance(value, MultiValue | list):
            return [change(str(one)) for one in value]
        return change(str(value or ""))


def _dummy(vr: str) -> object:
    if vr in _NUMBERS:
        return 0
    if vr in _BYTES:
        return b"\0\0"
    return _DUMMIES.get(vr, DUMMY)


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
