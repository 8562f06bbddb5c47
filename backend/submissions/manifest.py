"""The CSV manifest: one row per file, in our columns or in those of the public dataset.

It reads whatever hospital spreadsheets export: UTF-8 with or without a byte order mark, UTF-16,
Latin-1; commas, semicolons, tabs or bars, also announced by a first line such as `sep=;`. Cells
that cannot be used are reported with their line and the reason; all others are used. Free text is
stored as it is.
"""

import codecs
import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from backend.submissions.fields import MAX_NAME, MAX_TEXT, unusable
from backend.submissions.uploads.limits import MAX_MANIFEST_BYTES, MAX_MANIFEST_ROWS
from backend.tables.vocabulary import (
    AgeBand,
    BluePoint,
    Finding,
    Label,
    Licence,
    Probe,
    Sex,
    Symptom,
)

_UNKNOWN = frozenset({"nd", "n.d.", "na", "n.a.", "n/a", "none", "unknown", "-", "?"})
"""Words for an unknown value, in columns whose description says so."""

_YES_NO = {"1": True, "yes": True, "true": True, "x": True, "0": False, "no": False, "false": False}
_BANDS = ((18, AgeBand.UNDER_18), (40, AgeBand.UNDER_40), (60, AgeBand.UNDER_60),
          (80, AgeBand.UNDER_80), (130, AgeBand.OVER_80))  # fmt: skip
_LABELS = {"bacterialpneumonia": "pneumonia", "regular": "healthy", "viralpneumonia": "viral"}
_LICENCES = {
    "ccby": Licence.CC_BY, "ccbync": Licence.CC_BY_NC, "ccbyncsa": Licence.CC_BY_NC_SA,
    "cc0": Licence.CC0, "covid19emergencylicense": Licence.PMC_COVID19,
    "covid19emergencylicence": Licence.PMC_COVID19,
}  # fmt: skip
_SEXES = {"f": "female", "w": "female", "woman": "female", "m": "male", "man": "male", "d": "other"}


SPREADSHEET = (
    "This is a spreadsheet, but only CSV is accepted: save it as CSV (UTF-8) in your spreadsheet "
    "program and send that."
)


class ManifestError(Exception):
    """The file is not a manifest at all; `message` is a sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValueError(Exception):
    """A cell holds a value that is not allowed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its fields by name, and what is wrong with it, if anything.

    `values` holds a contribution's fields; the raw pseudonym is under `patient`. `refused` names
    the fields whose cells could not be used, so that no default takes their place.
    """

    line: int
    file_name: str
    values: Mapping[str, Any] = field(repr=False)
    problem: str | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest: its rows in order and its unknown columns.

    `notes` are sentences on how the table was read, if that was ambiguous.
    """

    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Only letters and digits, in lower case: how choices and column names are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def read(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: it is too large, not a table, or has no column for file names.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise ManifestError(
            f"The manifest is larger than {MAX_MANIFEST_BYTES / 1e6:g} MB. Split it."
        )
    if content.startswith(_SPREADSHEET_MAGIC):
        raise ManifestError(SPREADSHEET)
    text, notes = _decode(content)
    delimiter, text, skipped = _delimiter(text)
    try:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns, unknown = _columns(next(table, []))
        rows = tuple(_rows(table, columns, skipped))
    except csv.Error as error:
        raise ManifestError(f"The manifest cannot be read as CSV: {error}.") from error
    return Manifest(rows, unknown, notes)


_SPREADSHEET_MAGIC = (b"PK\3\4", b"PK\5\6", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""First bytes of spreadsheet files: the newer formats are ZIPs, the older are OLE."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE_AS_UTF8 = "Save it as CSV UTF-8 and send it again."
_LATIN = (
    "The table is not in UTF-8 and was read as Western European (Windows-1252). Check that "
    "accented letters are right, or save it as CSV UTF-8 and send it again."
)


def _decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and notes on how it was decoded.

    Raises:
        ManifestError: its encoding is unknown.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decoded(content, name), ()
    if content[:1] == b"\0":  # UTF-16 without a mark: the upper half of an ASCII character
        return _decoded(content, "utf-16-be"), ()
    if content[1:2] == b"\0":
        return _decoded(content, "utf-16-le"), ()
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        text = _decoded(content, "cp1252")  # what "Latin-1" is in practice
        if _NOT_WESTERN.search(text):
            raise ManifestError(
                f"The encoding of the manifest is unknown: it is not UTF-8. {_SAVE_AS_UTF8}"
            ) from None
        return text, (_LATIN,)


_NOT_WESTERN = re.compile(
    r"[^\W\d_a-zA-Z]{4}|[^\W\d_][\u00a1-\u00ac\u00ae-\u00bf][^\W\d_]|[¢£¤¥¦¨¬¯¸†‡ˆ‰•‚¼½¾][^\W\d_]"
)
"""What other alphabets look like when decoded as Western European: several accented letters in a
row, or symbols at the beginning or in the middle of words."""


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"The manifest cannot be decoded at byte {error.start}. {_SAVE_AS_UTF8}"
        ) from error


def _delimiter(text: str) -> tuple[str, str, int]:
    """The delimiter, the table itself, and the number of lines before it.

    A first line `sep=;`, as written by spreadsheet programs, names the delimiter. Otherwise it is
    the one that splits the first line into the most known columns.
    """
    first = next(io.StringIO(text, newline=""), "")
    if match := re.fullmatch(r'\ufeff?"?sep=(\\t|[^\r\n])"?[,;\t]*[\r\n]*', first, re.IGNORECASE):
        return match[1].replace("\\t", "\t"), text[len(first) :], 1

    def known(delimiter: str) -> int:
        names = next(csv.reader([first.strip("\r\n")], delimiter=delimiter), [])
        return sum(1 for name in names if name.strip() and plain(name) in _COLUMNS)

    return max(",;\t|", key=known), text, 0


Reader = Callable[[str], Any]

_WORDS = re.compile(r"\s*\w+([\s\-\u2010-\u2015.,]+\w+)*\.?\s*")
"""Words and separators. Other signs may change the meaning: "covid19?", "~viral"."""

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_YEARS = re.compile(r"\s*\d+(\.\d+)?\s*")


def _one_of(choices: type[StrEnum], synonyms: Mapping[str, str], what: str) -> Reader:
    known = {plain(word): word for word in choices} | {
        text: str(meaning) for text, meaning in synonyms.items()
    }

    def read_word(text: str) -> str:
        choice = known.get(plain(text)) if _WORDS.fullmatch(text.translate(_INVISIBLE)) else None
        if choice is None:
            listed = ", ".join(choices)
            raise BadValueError(f"The {what} {text.strip()[:50]!r} is not one of {listed}.")
        return choice

    return read_word


def _text(name: str) -> Reader:
    limit = MAX_TEXT[name]

    def read_text(text: str) -> str:
        if len(text) > limit:
            raise BadValueError(f"The {name} is longer than {limit} characters.")
        if (reason := unusable(name, text)) is not None:
            raise BadValueError(reason)
        return text

    return read_text


def _yes_or_no(text: str) -> bool:
    if (value := _YES_NO.get(text.strip().casefold())) is None:
        raise BadValueError(f"{text.strip()[:50]!r} is neither 1 nor 0.")
    return value


def _age(text: str) -> str:
    for band in AgeBand:
        if text.replace(" ", "") == band:
            return band
    years = float(text) if _YEARS.fullmatch(text) else math.inf
    for most, band in _BANDS:
        if years < most:
            return band
    listed = ", ".join(AgeBand)
    raise BadValueError(
        f"The age {text.strip()[:50]!r} is neither a number of years nor one of {listed}."
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A known column: the field it fills, how a cell is parsed, and its description.

    `may_be_unknown`: words such as "nd" and "n/a" leave the field empty.
    """

    name: str
    fills: str
    read: Reader
    about: str
    also: tuple[str, ...] = ()
    may_be_unknown: bool = False


_OPTIONAL = ' "nd", "n/a", "none" and "unknown" leave it empty.'


def _listed(words: type[StrEnum]) -> str:
    return "One of " + ", ".join(words) + "."


COLUMNS: tuple[Column, ...] = (
    Column("file_name", "file_name", str, "The file, with or without its extension or folder.",
           ("filename", "file")),
    Column("label", "label", _one_of(Label, _LABELS, "label"), _listed(Label)),
    Column("probe", "probe", _one_of(Probe, {}, "probe"), _listed(Probe)),
    Column("licence", "licence", _one_of(Licence, _LICENCES, "licence"), _listed(Licence),
           ("license",)),
    Column("source", "source", _text("source"), "Where the recording comes from.",
           ("url (video name)",)),
    Column("patient", "patient", _text("patient"),
           "A pseudonym, never a name. Only a keyed hash of it is stored. Any text is valid.",
           ("patient id / name",)),
    Column("age", "age_band", _age, "Years, or a band; only the band is stored." + _OPTIONAL,
           ("age_band",), may_be_unknown=True),
    Column("sex", "sex", _one_of(Sex, _SEXES, "sex"), _listed(Sex) + _OPTIONAL, ("gender",),
           may_be_unknown=True),
    Column("blue_point", "blue_point", _one_of(BluePoint, {}, "BLUE point"),
           _listed(BluePoint) + _OPTIONAL, may_be_unknown=True),
    *(Column(word, f"findings.{word}", _yes_or_no,
             "1 if it is seen, 0 if not." + _OPTIONAL, other, may_be_unknown=True)
      for word, other in (
          (Finding.B_LINES, ()), (Finding.A_LINES, ()),
          (Finding.CONSOLIDATION, ("consolidations",)),
          (Finding.PLEURAL_IRREGULARITY, ("pleural line irregularities",)),
          (Finding.EFFUSION, ()), (Finding.AIR_BRONCHOGRAM, ()),
      )),
    *(Column(word, f"symptoms.{word}", _yes_or_no,
             "1 if the patient reported it." + _OPTIONAL,
             ("loss of smell/taste",) if word is Symptom.LOSS_OF_SMELL_OR_TASTE else (),
             may_be_unknown=True)
      for word in Symptom),
    Column("note", "note", _text("note"), "Anything else that reviewers should know.",
           ("comments from web site",)),
)  # fmt: skip
"""The columns of a manifest, in the order of the documentation."""

_COLUMNS = {plain(name): column for column in COLUMNS for name in (column.name, *column.also)}

_IGNORED = frozenset(
    plain(name)
    for name in (
        "", "Date added", "Current location", "LinkToLicense", "ChangesMade", "InThisRepo", "Type",
        "DOI", "Source ID", "Title", "Comments first medical doctor (MD1)", "MD2", "MD3",
        "Framerate", "Resolution", "Length (frames)", "Lung /abdomen interface",
        "Preconditions / Comments about patient", "Area according to DEGUM", "Healthy", "Other",
    )
)  # fmt: skip
"""Columns of the public dataset that are read from the file itself or set by others."""


def _columns(names: list[str]) -> tuple[list[Column | None], tuple[str, ...]]:
    columns = [_COLUMNS.get(plain(name)) for name in names]
    if not any(column is not None and column.name == "file_name" for column in columns):
        raise ManifestError(
            "The manifest has no column file_name. Its first line must name the columns; "
            "GET /api/v1/vocabulary lists them."
        )
    unknown = tuple(
        name[:50]
        for name, column in zip(names, columns, strict=True)
        if column is None and plain(name) not in _IGNORED
    )
    return columns, unknown


def _rows(table: Iterator[list[str]], columns: list[Column | None], skipped: int) -> Iterator[Row]:
    for number, cells in enumerate(table):
        line = getattr(table, "line_num", number + 2) + skipped
        if number >= MAX_MANIFEST_ROWS:
            raise ManifestError(f"The manifest has more than {MAX_MANIFEST_ROWS} rows. Split it.")
        if any(cell.strip() for cell in cells):
            yield _row(line, cells, columns)


def _row(line: int, cells: list[str], columns: list[Column | None]) -> Row:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return _too_wide(line, cells, columns)
    given = [
        (column, cell)
        for cell, column in zip(cells, columns, strict=False)
        if column is not None and _has_value(column, cell)
    ]
    named = {cell for column, cell in given if column.fills == "file_name"}
    if len(named) != 1:
        problem = f"It names several files: {sorted(named)}." if named else "It names no file."
        return Row(line, "", {}, problem[:500])
    (file_name,) = named
    if (reason := unusable("file_name", file_name)) is not None:
        return Row(line, file_name[:MAX_NAME].replace("\0", ""), {}, reason)
    values: dict[str, Any] = {}
    problems: list[str] = []
    refused: list[str] = []
    for column, cell in given:
        if column.fills == "file_name":
            continue
        try:
            _fill(values, column.fills, column.read(cell))
        except BadValueError as error:
            problems.append(f"{column.name}: {error}")
            refused.append(column.fills.partition(".")[0])
    for name in refused:
        values.pop(name, None)
    return Row(
        line, file_name, values, " ".join(problems)[:500] or None, tuple(dict.fromkeys(refused))
    )


def _too_wide(line: int, cells: list[str], columns: list[Column | None]) -> Row:
    """A row with extra cells, so that columns are uncertain: none of it is used, and no default."""
    named = [
        cell
        for cell, column in zip(cells, columns, strict=False)
        if column is not None and column.fills == "file_name" and cell.strip()
    ]
    problem = f"It has {len(cells)} cells, but there are {len(columns)} columns."
    fields = [column.fills.partition(".")[0] for column in columns if column is not None]
    refused = dict.fromkeys(name for name in fields if name != "file_name")
    name = named[0] if named and unusable("file_name", named[0]) is None else ""
    return Row(line, name, {}, problem, tuple(refused) if name else ())


def _has_value(column: Column, cell: str) -> bool:
    """Whether the cell holds anything but white space or, where allowed, a word for unknown."""
    text = cell.strip()
    if column.may_be_unknown and text.casefold() in _UNKNOWN:
        return False
    return text != ""


def _fill(values: dict[str, Any], name: str, value: Any) -> None:
    field_name, _, word = name.partition(".")
    if field_name == "findings":
        place: dict[str, Any] = values.setdefault("findings", {})
        name = word
    elif field_name == "symptoms":
        chosen = values.setdefault("symptoms", [])
        if value and word not in chosen:
            chosen.append(word)
        return
    else:
        place = values
    if place.setdefault(name, value) != value:
        raise BadValueError("Two columns of this row contradict each other.")
