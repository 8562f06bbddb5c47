"""The CSV manifest: a row for each file, in our columns or in those of the public dataset.

Whatever a hospital's spreadsheet writes is read: UTF-8 with or without a mark, UTF-16, Latin-1;
commas, semicolons or tabs. A row that cannot be used is named with its line and the reason, and
the others count.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from backend.arrivals.limits import MOST_MANIFEST_BYTES, MOST_MANIFEST_ROWS
from backend.submissions.fields import MOST_TEXT
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

_SAYS_NOTHING = frozenset({"", "nd", "na", "none", "unknown"})
_YES_NO = {"1": True, "yes": True, "true": True, "x": True, "0": False, "no": False, "false": False}
_BANDS = ((18, AgeBand.UNDER_18), (40, AgeBand.UNDER_40), (60, AgeBand.UNDER_60),
          (80, AgeBand.UNDER_80), (130, AgeBand.OVER_80))  # fmt: skip
_LABELS = {"bacterialpneumonia": "pneumonia", "regular": "healthy", "viralpneumonia": "viral"}
_LICENCES = {"ccby": Licence.CC_BY, "ccbync": Licence.CC_BY_NC, "cc0": Licence.CC0}
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
    """One row: its line in the file, its fields by name, or the reason why it does not count.

    `values` holds a contribution's fields; the pseudonym stands under `patient`, as it came.
    """

    line: int
    file_name: str
    values: Mapping[str, Any] = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was read: every row in order, and the columns that mean nothing to us."""

    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...]


def plain(text: str) -> str:
    """Letters and digits alone, in lower case: how words and names are compared."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def keys(file_name: str) -> tuple[str, ...]:
    """What a file may be called in a manifest, the most exact first.

    Its whole path, its name, either without the ending, and that without punctuation.
    """
    path = file_name.replace("\\", "/").casefold().strip("/ ")
    name = path.rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    whole = path.rpartition(".")[0] or path
    return tuple(dict.fromkeys((path, name, whole, stem, plain(stem), plain(name))))


def key(named: str) -> str:
    """What a row's file name is looked up by: one of the `keys` of the file that it means."""
    whole = named.replace("\\", "/").casefold().strip("/ ")
    return whole if "/" in whole or _has_ending(whole) else plain(whole)


def read(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: it is too large, is not a table, or names no files.
    """
    if len(content) > MOST_MANIFEST_BYTES:
        raise ManifestError(
            f"The manifest is larger than {MOST_MANIFEST_BYTES / 1e6:g} MB. Split it."
        )
    text = _decode(content)
    try:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        columns, unknown = _columns(next(table, []))
        rows = tuple(_rows(table, columns))
    except csv.Error as error:
        raise ManifestError(f"The manifest cannot be read as CSV: {error}.") from error
    return Manifest(rows, unknown)


def _decode(content: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(name, errors="replace")
    if b"\0" in content[:200]:  # UTF-16 without a mark: which half of the first character is zero?
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # Latin-1 as it is really written


def _delimiter(text: str) -> str:
    """The one that splits the first line into the most columns that we know."""
    first = next(io.StringIO(text, newline=""), "").strip("\r\n")

    def known(delimiter: str) -> int:
        names = next(csv.reader([first], delimiter=delimiter), [])
        return sum(1 for name in names if name.strip() and plain(name) in _COLUMNS)

    return max(",;\t", key=known)


Reader = Callable[[str], Any]


def _one_of(words: type[StrEnum], others: Mapping[str, str], what: str) -> Reader:
    known = {plain(word.value): word.value for word in words} | {
        said: str(meant) for said, meant in others.items()
    }

    def read_word(said: str) -> str:
        if (found := known.get(plain(said))) is None:
            listed = ", ".join(word.value for word in words)
            raise BadValueError(f"The {what} {said[:50]!r} is none of {listed}.")
        return found

    return read_word


def _text(name: str) -> Reader:
    most = MOST_TEXT[name]

    def read_text(said: str) -> str:
        if len(said) > most:
            raise BadValueError(f"The {name} is longer than {most} characters.")
        return said

    return read_text


def _yes_or_no(said: str) -> bool:
    if (found := _YES_NO.get(said.casefold())) is None:
        raise BadValueError(f"{said[:50]!r} is neither 1 nor 0.")
    return found


def _age(said: str) -> str:
    for band in AgeBand:
        if said.replace(" ", "") == band.value:
            return band.value
    try:
        years = float(said)
        return next(band.value for most, band in _BANDS if 0 <= years < most)
    except (ValueError, StopIteration):
        listed = ", ".join(AgeBand)
        raise BadValueError(
            f"The age {said[:50]!r} is neither a number of years nor one of {listed}."
        ) from None


@dataclass(frozen=True, slots=True)
class Column:
    """A column that we know: the field it fills, how a cell is read, and what it is for."""

    name: str
    fills: str
    read: Reader
    about: str
    also: tuple[str, ...] = ()


def _listed(words: type[StrEnum]) -> str:
    return "One of " + ", ".join(word.value for word in words) + "."


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
           "A pseudonym, never a name; only a keyed hash of it is kept.", ("patient id / name",)),
    Column("age", "age_band", _age, "Years, of which only the band is kept, or the band.",
           ("age_band",)),
    Column("sex", "sex", _one_of(Sex, _SEXES, "sex"), _listed(Sex), ("gender",)),
    Column("blue_point", "blue_point", _one_of(BluePoint, {}, "BLUE point"), _listed(BluePoint)),
    *(Column(word.value, f"findings.{word.value}", _yes_or_no, "1 where it is seen, 0 where not.",
             other)
      for word, other in (
          (Finding.B_LINES, ()), (Finding.A_LINES, ()),
          (Finding.CONSOLIDATION, ("consolidations",)),
          (Finding.PLEURAL_IRREGULARITY, ("pleural line irregularities",)),
          (Finding.EFFUSION, ()), (Finding.AIR_BRONCHOGRAM, ()),
      )),
    *(Column(word.value, f"symptoms.{word.value}", _yes_or_no, "1 where the patient reported it.",
             ("loss of smell/taste",) if word is Symptom.LOSS_OF_SMELL_OR_TASTE else ())
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


def _rows(table: Iterator[list[str]], columns: list[Column | None]) -> Iterator[Row]:
    lines: dict[str, int] = {}
    for number, cells in enumerate(table):
        line = getattr(table, "line_num", number + 2)
        if number >= MOST_MANIFEST_ROWS:
            raise ManifestError(f"The manifest has more than {MOST_MANIFEST_ROWS} rows. Split it.")
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(line, cells, columns)
        if row.file_name and (first := lines.setdefault(key(row.file_name), line)) != line:
            row = Row(line, row.file_name, {}, f"Line {first} already tells of this file.")
        yield row


def _row(line: int, cells: list[str], columns: list[Column | None]) -> Row:
    values: dict[str, Any] = {}
    problems: list[str] = []
    named = ""
    for cell, column in zip(cells, columns, strict=False):
        said = cell.replace("\0", "").strip()  # which PostgreSQL has no room for in a text
        if column is None or plain(said) in _SAYS_NOTHING:
            continue
        if column.fills == "file_name":
            named = named or said
            continue
        try:
            _fill(values, column.fills, column.read(said))
        except BadValueError as error:
            problems.append(f"{column.name}: {error}")
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        problems.append(f"It has {len(cells)} cells, and there are {len(columns)} columns.")
    if not named:
        problems.append("It names no file.")
    return Row(line, named[:255], {} if problems else values, " ".join(problems)[:500] or None)


def _fill(values: dict[str, Any], name: str, value: Any) -> None:
    field_name, _, word = name.partition(".")
    if field_name == "findings":
        values.setdefault("findings", {})[word] = value
    elif field_name == "symptoms":
        values.setdefault("symptoms", [])
        if value:
            values["symptoms"].append(word)
    else:
        values.setdefault(field_name, value)


def _has_ending(name: str) -> bool:
    return bool(re.search(r"\.[a-z][a-z0-9]{1,4}$", name))
