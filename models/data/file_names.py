"""Names of files: which row of a table tells of which file, what nobody means to send, old letters.

One way for all who ask: the manifest of a submission, `pocovid submit`, the index of a dataset and
so training. Names are compared in Unicode's composed form (NFC) and otherwise as they are, so that
two different names never become one.
"""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

JUNK_NAMES = frozenset(
    {
        "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r",
        "$recycle.bin", "system volume information", "@eadir",
    }
)  # fmt: skip
"""Files and folders that operating systems leave behind, in lower case."""

JUNK_STARTS = (".", "~$")
"""How the names of hidden files begin, and those of documents that are open in an office program.

Hidden are .DS_Store, AppleDouble's ._x, .Spotlight-V100 and .directory, among others.
"""

SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
OFFICE_DOCUMENTS = (".docx", ".odt", ".pptx", ".odp", ".pages", ".key")

_DEEPEST = 32
"""Parts of a path, from its end, that are compared where two paths begin in different folders."""

_NAMED_AT_MOST = 5
_CODE_PAGES = ("cp437", "cp850", "cp1252")
_PLAIN_SIGNS = frozenset("°²³µ§©®·–—…’“”‘«»€£½¼¾±×")


# What is left out


def is_junk(path: str) -> bool:
    """Whether a file, named with its folders, is one that a computer keeps for itself."""
    return any(
        part.lower() in JUNK_NAMES or part.startswith(JUNK_STARTS) for part in parts_of(path)
    )


def is_spreadsheet(path: str) -> bool:
    """Whether a file is a spreadsheet by the ending of its name."""
    return path.lower().endswith(SPREADSHEETS)


def is_office_document(path: str) -> bool:
    """Whether a file is a text or a presentation, which are ZIPs, by the ending of its name."""
    return path.lower().endswith(OFFICE_DOCUMENTS)


# How names are compared


@lru_cache(maxsize=32_768)
def parts_of(path: str) -> tuple[str, ...]:
    """The folders and the name in NFC, without the steps `.` and `..`; either slash parts them."""
    composed = unicodedata.normalize("NFC", path)
    parts = composed.replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def canonical(path: str) -> str:
    """The path as it is compared: two paths are the same exactly where these are equal."""
    return "/".join(parts_of(path))


@lru_cache(maxsize=32_768)
def simplified(name: str) -> str:
    """A name without case, punctuation and spaces, in any script; "" where it is only those."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LNM")


def stem(name: str) -> str:
    """A name without its ending; all of it where there is none."""
    return name.rpartition(".")[0] or name


# Which row tells of which file


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table, known to the caller by `key`: the file that it names, and its values.

    Two rows for one file contradict each other where their values are not equal. A row `within`
    an archive tells only of files of that archive; "" of any.
    """

    key: Hashable
    name: str
    values: Any = field(default=None, repr=False)
    within: str = ""


@dataclass(frozen=True, slots=True)
class FileName:
    """A file, known to the caller by `key`, with its folders, `within` an archive or none ("")."""

    key: Hashable
    name: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A file and the rows that tell of it, which all say the same.

    `is_approximate`: their names differ in case, punctuation or spaces, and people are to be told.
    """

    file: FileName
    rows: tuple[TableRow, ...]
    is_approximate: bool


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Rows and files of which cannot be told what belongs together: none of the rows counts."""

    rows: tuple[TableRow, ...]
    files: tuple[FileName, ...]

    def reason(self, rows: Sequence[str]) -> str:
        """A sentence for people; `rows` says where each row stands, such as `line 3`."""
        which = _listed(rows)
        names = _listed([repr(each) for each in sorted(each.name for each in self.files)])
        if len(self.rows) == 1:
            return (
                f"{which} fits several files: {names}. It counts for none of them. Name the file "
                "with its folder and its ending."
            )
        if not self.files:
            return f"{which} name the same file and do not say the same. None of them counts."
        if len(self.files) == 1:
            return f"{which} all fit {names} and do not say the same. None of them counts."
        return f"{which} fit the files {names}, and which is which cannot be told. None counts."


@dataclass(frozen=True, slots=True)
class Matching:
    """What belongs together; every row and every file is in exactly one of the four."""

    matches: tuple[Match, ...]
    ambiguities: tuple[Ambiguity, ...]
    rows_without_file: tuple[TableRow, ...]
    files_without_row: tuple[FileName, ...]


def match(rows: Iterable[TableRow], files: Iterable[FileName]) -> Matching:
    """Find the file that each row tells of. The order of rows and of files makes no difference.

    First by the same path, then by the same name where the folders do not contradict, then by the
    name without the file's ending; then, of what is left, by the name without case, punctuation
    and spaces. At each step only what fits once counts: where one row fits two files, or two rows
    that say different things fit one file, none of them does, and no later step asks again.
    """
    left_rows, left_files = list(rows), list(files)
    matches: list[Match] = []
    ambiguities: list[Ambiguity] = []
    for step in _STEPS:
        for group_rows, group_files in _groups(left_rows, left_files, step):
            if _is_one(group_rows, group_files, step):
                matches.append(Match(group_files[0], group_rows, step is _LOOSE))
            else:
                ambiguities.append(Ambiguity(group_rows, group_files))
        settled = {id(each.file) for each in matches} | {
            id(f) for each in ambiguities for f in each.files
        }
        settled |= {id(row) for match_ in matches for row in match_.rows}
        settled |= {id(row) for ambiguity in ambiguities for row in ambiguity.rows}
        left_rows = [row for row in left_rows if id(row) not in settled]
        left_files = [file for file in left_files if id(file) not in settled]
    contradictions = list(_contradictions(left_rows))
    ambiguities += [Ambiguity(each, ()) for each in contradictions]
    contradicting = {id(row) for each in contradictions for row in each}
    return Matching(
        tuple(matches),
        tuple(ambiguities),
        tuple(row for row in left_rows if id(row) not in contradicting),
        tuple(left_files),
    )


Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """How names are looked at: a row's parts, a file's (there may be two ways), and whether a path
    may begin further up or down than the other does."""

    row: Callable[[Parts], Parts]
    file: Callable[[Parts], Iterable[Parts]]
    from_anywhere: bool = True


def _as_is(parts: Parts) -> Parts:
    return parts


def _without_ending(parts: Parts) -> Parts:
    return (*parts[:-1], stem(parts[-1]))


def _loosened(parts: Parts) -> Parts:
    found = tuple(simplified(part) for part in parts)
    return found if found[-1] else ()


_LOOSE = _Step(
    _loosened, lambda parts: {_loosened(parts), _loosened(_without_ending(parts))} - {()}
)
_STEPS = (
    _Step(_as_is, lambda parts: (parts,), from_anywhere=False),
    _Step(_as_is, lambda parts: (parts,)),
    _Step(_as_is, lambda parts: (_without_ending(parts),)),
    _LOOSE,
)


def _groups(
    rows: Sequence[TableRow], files: Sequence[FileName], step: _Step
) -> Iterator[tuple[tuple[TableRow, ...], tuple[FileName, ...]]]:
    """What hangs together at this step: rows and files that fit, directly or by way of others."""
    index = _FileIndex(files, step)
    fits = {number: found for number, row in enumerate(rows) if (found := index.fitting(row))}
    for row_numbers, file_numbers in _connected(fits):
        yield tuple(rows[n] for n in row_numbers), tuple(files[n] for n in file_numbers)


class _FileIndex:
    """Files by their paths as a step looks at them: whole, and without their first folders."""

    def __init__(self, files: Sequence[FileName], step: _Step) -> None:
        self._step = step
        self._whole: dict[tuple[str, Parts], list[int]] = defaultdict(list)
        self._ends: dict[tuple[str, Parts], list[int]] = defaultdict(list)
        for number, file in enumerate(files):
            parts = parts_of(file.name)
            for seen in step.file(parts) if parts else ():
                for scope in {"", file.within}:
                    self._whole[scope, seen].append(number)
                    for end in _shorter(seen) if step.from_anywhere else ():
                        self._ends[scope, end].append(number)

    def fitting(self, row: TableRow) -> set[int]:
        """Numbers of the files that a row fits."""
        parts = parts_of(row.name)
        seen = self._step.row(parts) if parts else ()
        if not seen:
            return set()
        found = set(self._whole.get((row.within, seen), ()))
        if self._step.from_anywhere:
            found.update(self._ends.get((row.within, seen), ()))
            for end in _shorter(seen):
                found.update(self._whole.get((row.within, end), ()))
        return found


def _is_one(rows: Sequence[TableRow], files: Sequence[FileName], step: _Step) -> bool:
    """Whether one file fits, and rows that agree; loosely, only rows of one name."""
    same_values = all(each.values == rows[0].values for each in rows)
    same_name = step is not _LOOSE or len({parts_of(each.name) for each in rows}) == 1
    return len(files) == 1 and same_values and same_name


def _shorter(parts: Parts) -> Iterator[Parts]:
    """What is left of a path without its first folder, its first two, and so on."""
    for start in range(max(1, len(parts) - _DEEPEST), len(parts)):
        yield parts[start:]


def _connected(fits: Mapping[int, set[int]]) -> Iterator[tuple[list[int], list[int]]]:
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, found in fits.items():
        for file in found:
            rows_of[file].append(row)
    seen: set[int] = set()
    for start in fits:
        if start in seen:
            continue
        seen.add(start)
        row_numbers, file_numbers, waiting = [], set[int](), [start]
        while waiting:
            row = waiting.pop()
            row_numbers.append(row)
            for file in fits[row] - file_numbers:
                file_numbers.add(file)
                for other in rows_of[file]:
                    if other not in seen:
                        seen.add(other)
                        waiting.append(other)
        yield sorted(row_numbers), sorted(file_numbers)


def _contradictions(rows: Sequence[TableRow]) -> Iterator[tuple[TableRow, ...]]:
    """Rows that name the same file, which is not here, and say different things."""
    same: dict[tuple[str, Parts], list[TableRow]] = defaultdict(list)
    for row in rows:
        if parts := parts_of(row.name):
            same[row.within, parts].append(row)
    for found in same.values():
        if any(each.values != found[0].values for each in found):
            yield tuple(found)


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED_AT_MOST])
    if len(names) > _NAMED_AT_MOST:
        shown.append(f"{len(names) - _NAMED_AT_MOST} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


# Names that are stored as bytes


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Names as text: each as UTF-8 where it is that, the others in the code page that fits best.

    The others come from one program, so that one of cp437, cp850 (DOS, and so many ZIP programs)
    and cp1252 is chosen for all of them: the one whose letters look most like words, the first in
    this order where several do. Different bytes become different names, unless one is UTF-8 and
    another is not.
    """
    found = [_utf8(name) for name in names]
    others = [name for name, text in zip(names, found, strict=True) if text is None]
    page = min(_CODE_PAGES, key=lambda each: _strangeness(others, each)) if others else ""
    return [
        name.decode(page) if text is None else text for name, text in zip(names, found, strict=True)
    ]


def to_valid_text(names: Sequence[str]) -> list[str]:
    """Names as the operating system gave them, as text that can be sent and shown.

    A name that is not valid UTF-8 on the disk (Python represents it with lone surrogates) is
    decoded as by `decode_names`; where that would make two names equal, the later one is
    percent-encoded.
    """
    found = decode_names([os.fsencode(name) for name in names])
    taken: set[str] = {name for name in names if _utf8(os.fsencode(name)) is not None}
    for place, (name, text) in enumerate(zip(names, found, strict=True)):
        if text == name:
            continue
        if text in taken:
            text = "".join(_percent(each) for each in name)
        taken.add(text)
        found[place] = text
    return found


def _utf8(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _percent(character: str) -> str:
    """A lone surrogate as the byte that it stands for."""
    return f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character


def _strangeness(names: Iterable[bytes], page: str) -> float:
    """How little these bytes look like words in a code page: 0 where every letter fits."""
    try:
        texts = [name.decode(page) for name in names]
    except UnicodeDecodeError:
        return float("inf")
    return sum(_strange(before, each) for text in texts for before, each in _pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    return zip(f" {text}", text, strict=False)


def _strange(before: str, character: str) -> int:
    if character.isascii() or (character in _PLAIN_SIGNS and not before.isalpha()):
        return 0
    if not (character.isalpha() and unicodedata.name(character, "").startswith("LATIN")):
        return 4
    return int(character.isupper() and before.islower())
