"""The CSV manifest: a row for each file, in our columns or in those of the public dataset.

Whatever a hospital's spreadsheet writes is read: UTF-8 with or without a mark, UTF-16, Latin-1;
commas, semicolons, tabs or bars, also named in a first line such as `sep=;`. A cell that cannot be
used is named with its line and the reason, and the others count. Free text is kept as it is.
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

from backend.submissions.fields import MOST_NAME, MOST_TEXT, unusable
from backend.submissions.uploads.limits import MOST_MANIFEST_BYTES, MOST_MANIFEST_ROWS
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

_NOT_KNOWN = frozenset({"nd", "n.d.", "na", "n.a.", "n/a", "none", "unknown", "-", "?"})
"""What stands for nothing in the columns that say so in their description, and nowhere else."""

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
    "It is a spreadsheet, and only CSV is read: save it as CSV (UTF-8) in your spreadsheet "
    "program, and send that."
)


class ManifestError(Exception):
    """A file that is no manifest at all; `message` is a sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValueError(Exception):
    """A cell that says something outside the list."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its fields by name, and what is wrong with it, if anything.

    `values` holds a contribution's fields; the pseudonym stands under `patient`, as it came.
    `refused` names the fields whose cells could not be used, so that no default takes their place.
    """

    line: int
    file_name: str
    values: Mapping[str, Any] = field(repr=False)
    problem: str | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was read: every row in order, the columns that mean nothing to us, and what to know.

    `notes` are sentences on how the table was read, where another way was possible.
    """

    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Letters and digits alone, in lower case: how words of a list and names of columns compare."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if each.isalnum())


def read(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: it is too large, is not a table, or names no files.
    """
    if len(content) > MOST_MANIFEST_BYTES:
        raise ManifestError(
            f"The manifest is larger than {MOST_MANIFEST_BYTES / 1e6:g} MB. Split it."
        )
    if content.startswith(_NO_TEXT):
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


_NO_TEXT = (b"PK\3\4", b"PK\5\6", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How files of spreadsheet programs begin: of the new kind, which are ZIPs, and of the old."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE_AS_UTF8 = "Save it as CSV UTF-8 and send it again."
_LATIN = (
    "The table is not in UTF-8 and was read as Western European (Windows-1252). Look whether its "
    "letters are right, or save it as CSV UTF-8 and send it again."
)


def _decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and what to know of how it was read.

    Raises:
        ManifestError: its letters cannot be told.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(content, name), ()
    if content[:1] == b"\0":  # UTF-16 without a mark: the other half of an ASCII character
        return _decoded(content, "utf-16-be"), ()
    if content[1:2] == b"\0":
        return _decoded(content, "utf-16-le"), ()
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        text = _decoded(content, "cp1252")  # Latin-1 as it is really written
        if _NOT_WESTERN.search(text):
            raise ManifestError(
                f"The letters of the manifest cannot be told: it is not in UTF-8. {_SAVE_AS_UTF8}"
            ) from None
        return text, (_LATIN,)


_NOT_WESTERN = re.compile(
    r"[^\W\d_a-zA-Z]{4}|[^\W\d_][\u00a1-\u00ac\u00ae-\u00bf][^\W\d_]|[¢£¤¥¦¨¬¯¸†‡ˆ‰•‚¼½¾][^\W\d_]"
)
"""What other alphabets look like when they are read as Western European: many letters with accents
in a row, or signs in the middle or at the beginning of words."""


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"The letters of the manifest cannot be told at byte {error.start}. {_SAVE_AS_UTF8}"
        ) from error


def _delimiter(text: str) -> tuple[str, str, int]:
    """What parts the cells, the table itself, and how many lines stand before it.

    A first line `sep=;` says it, as spreadsheet programs write and read it. Else it is what splits
    the first line into the most columns that we know.
    """
    first = next(io.StringIO(text, newline=""), "")
    if said := re.fullmatch(r'\ufeff?"?sep=(\\t|[^\r\n])"?[,;\t]*[\r\n]*', first, re.IGNORECASE):
        return said[1].replace("\\t", "\t"), text[len(first) :], 1

    def known(delimiter: str) -> int:
        names = next(csv.reader([first.strip("\r\n")], delimiter=delimiter), [])
        return sum(1 for name in names if name.strip() and plain(name) in _COLUMNS)

    return max(",;\t|", key=known), text, 0


Reader = Callable[[str], Any]

_WORDS = re.compile(r"\s*\w+([\s\-\u2010-\u2015.,]+\w+)*\.?\s*")
"""Words and what parts them. Any other sign may change what they mean: "covid19?", "~viral"."""

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_YEARS = re.compile(r"\s*\d+(\.\d+)?\s*")


def _one_of(words: type[StrEnum], others: Mapping[str, str], what: str) -> Reader:
    known = {plain(word): word for word in words} | {
        said: str(meant) for said, meant in others.items()
    }

    def read_word(said: str) -> str:
        found = known.get(plain(said)) if _WORDS.fullmatch(said.translate(_UNSEEN)) else None
        if found is None:
            listed = ", ".join(words)
            raise BadValueError(f"The {what} {said.strip()[:50]!r} is none of {listed}.")
        return found

    return read_word


def _text(name: str) -> Reader:
    most = MOST_TEXT[name]

    def read_text(said: str) -> str:
        if len(said) > most:
            raise BadValueError(f"The {name} is longer than {most} characters.")
        if (reason := unusable(name, said)) is not None:
            raise BadValueError(reason)
        return said

    return read_text


def _yes_or_no(said: str) -> bool:
    if (found := _YES_NO.get(said.strip().casefold())) is None:
        raise BadValueError(f"{said.strip()[:50]!r} is neither 1 nor 0.")
    return found


def _age(said: str) -> str:
    for band in AgeBand:
        if said.replace(" ", "") == band:
            return band
    years = float(said) if _YEARS.fullmatch(said) else math.inf
    for most, band in _BANDS:
        if years < most:
            return band
    listed = ", ".join(AgeBand)
    raise BadValueError(
        f"The age {said.strip()[:50]!r} is neither a number of years nor one of {listed}."
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A column that we know: the field it fills, how a cell is read, and what it is for.

    `may_be_unknown`: words such as "nd" and "n/a" leave it open.
    """

    name: str
    fills: str
    read: Reader
    about: str
    also: tuple[str, ...] = ()
    may_be_unknown: bool = False


_OPEN = ' "nd", "n/a", "none" and "unknown" leave it open.'


def _listed(words: type[StrEnum]) -> str:
    return "One of " + ", ".join(words) + "."


COLUMNS: tuple[Column, ...] = (
    Column("file_name", "file_name", str, "The file, with or without its ending or its folder.",
           ("filename", "file")),
    Column("label", "label", _one_of(Label, _LABELS, "label"), _listed(Label)),
    Column("probe", "probe", _one_of(Probe, {}, "probe"), _listed(Probe)),
    Column("licence", "licence", _one_of(Licence, _LICENCES, "licence"), _listed(Licence),
           ("license",)),
    Column("source", "source", _text("source"), "Where the recording comes from.",
           ("url (video name)",)),
    Column("patient", "patient", _text("patient"),
           "A pseudonym, never a name, of which only a keyed hash is kept. Any text counts.",
           ("patient id / name",)),
    Column("age", "age_band", _age, "Years, of which only the band is kept, or the band." + _OPEN,
           ("age_band",), may_be_unknown=True),
    Column("sex", "sex", _one_of(Sex, _SEXES, "sex"), _listed(Sex) + _OPEN, ("gender",),
           may_be_unknown=True),
    Column("blue_point", "blue_point", _one_of(BluePoint, {}, "BLUE point"),
           _listed(BluePoint) + _OPEN, may_be_unknown=True),
    *(Column(word, f"findings.{word}", _yes_or_no,
             "1 where it is seen, 0 where not." + _OPEN, other, may_be_unknown=True)
      for word, other in (
          (Finding.B_LINES, ()), (Finding.A_LINES, ()),
          (Finding.CONSOLIDATION, ("consolidations",)),
          (Finding.PLEURAL_IRREGULARITY, ("pleural line irregularities",)),
          (Finding.EFFUSION, ()), (Finding.AIR_BRONCHOGRAM, ()),
      )),
    *(Column(word, f"symptoms.{word}", _yes_or_no,
             "1 where the patient reported it." + _OPEN,
             ("loss of smell/taste",) if word is Symptom.LOSS_OF_SMELL_OR_TASTE else (),
             may_be_unknown=True)
      for word in Symptom),
    Column("note", "note", _text("note"), "Anything else that a reviewer should know.",
           ("comments from web site",)),
)  # fmt: skip
"""What a manifest may say, in the order in which it is documented."""

_COLUMNS = {plain(name): each for each in COLUMNS for name in (each.name, *each.also)}

_LEFT_OUT = frozenset(
    plain(name)
    for name in (
        "", "Date added", "Current location", "LinkToLicense", "ChangesMade", "InThisRepo", "Type",
        "DOI", "Source ID", "Title", "Comments first medical doctor (MD1)", "MD2", "MD3",
        "Framerate", "Resolution", "Length (frames)", "Lung /abdomen interface",
        "Preconditions / Comments about patient", "Area according to DEGUM", "Healthy", "Other",
    )
)  # fmt: skip
"""Columns of the public dataset that are found in the file itself, or are not a contributor's."""


def _columns(names: list[str]) -> tuple[list[Column | None], tuple[str, ...]]:
    found = [_COLUMNS.get(plain(name)) for name in names]
    if not any(each is not None and each.name == "file_name" for each in found):
        raise ManifestError(
            "The manifest has no column file_name. Its first line must name the columns; "
            "GET /api/v1/vocabulary lists them."
        )
    unknown = tuple(
        name[:50]
        for name, each in zip(names, found, strict=True)
        if each is None and plain(name) not in _LEFT_OUT
    )
    return found, unknown


def _rows(table: Iterator[list[str]], columns: list[Column | None], skipped: int) -> Iterator[Row]:
    for number, cells in enumerate(table):
        line = getattr(table, "line_num", number + 2) + skipped
        if number >= MOST_MANIFEST_ROWS:
            raise ManifestError(f"The manifest has more than {MOST_MANIFEST_ROWS} rows. Split it.")
        if any(cell.strip() for cell in cells):
            yield _row(line, cells, columns)


def _row(line: int, cells: list[str], columns: list[Column | None]) -> Row:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return _too_wide(line, cells, columns)
    given = [
        (column, cell)
        for cell, column in zip(cells, columns, strict=False)
        if column is not None and _says_something(column, cell)
    ]
    named = {cell for column, cell in given if column.fills == "file_name"}
    if len(named) != 1:
        problem = f"It names several files: {sorted(named)}." if named else "It names no file."
        return Row(line, "", {}, problem[:500])
    (file_name,) = named
    if (reason := unusable("file_name", file_name)) is not None:
        return Row(line, file_name[:MOST_NAME].replace("\0", ""), {}, reason)
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
    """A row of which nobody can tell what stands where: nothing of it counts, and no default."""
    named = [
        cell
        for cell, column in zip(cells, columns, strict=False)
        if column is not None and column.fills == "file_name" and cell.strip()
    ]
    problem = f"It has {len(cells)} cells, and there are {len(columns)} columns."
    fields = [column.fills.partition(".")[0] for column in columns if column is not None]
    refused = dict.fromkeys(name for name in fields if name != "file_name")
    name = named[0] if named and unusable("file_name", named[0]) is None else ""
    return Row(line, name, {}, problem, tuple(refused) if name else ())


def _says_something(column: Column, cell: str) -> bool:
    """Judged by the cell itself: any sign in any script counts, but for what the column names."""
    said = cell.strip()
    if column.may_be_unknown and said.casefold() in _NOT_KNOWN:
        return False
    return said != ""


def _fill(values: dict[str, Any], name: str, value: Any) -> None:
    field_name, _, word = name.partition(".")
    if field_name == "findings":
        place: dict[str, Any] = values.setdefault("findings", {})
        name = word
    elif field_name == "symptoms":
        listed = values.setdefault("symptoms", [])
        if value and word not in listed:
            listed.append(word)
        return
    else:
        place = values
    if place.setdefault(name, value) != value:
        raise BadValueError("Two columns of this row do not say the same.")
