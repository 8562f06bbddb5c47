"""Which row of a table describes which file, matched by file name.

Used for the manifest of a submission, and for a dataset's index and so for training.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.data.file_names import parts_of, simplified, stem

_MAX_SUFFIX_PARTS = 32
"""Trailing path components compared where two paths begin in different folders."""

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table row: the caller's `key`, the file name in it, and its values.

    Two rows for one file contradict each other if their values differ. A row with an archive in
    `within` applies only to files of that archive; with "" to any file.
    """

    key: Hashable
    name: str
    values: Any = field(default=None, repr=False)
    within: str = ""


@dataclass(frozen=True, slots=True)
class FileName:
    """A file: the caller's `key`, its path, and the archive it was in (`within`), or ""."""

    key: Hashable
    name: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A file and the rows that describe it, all with the same values.

    `is_approximate`: the names differ in case, punctuation or spaces, which users should be told.
    """

    file: FileName
    rows: tuple[TableRow, ...]
    is_approximate: bool


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Rows and files that cannot be matched unambiguously; none of the rows is used."""

    rows: tuple[TableRow, ...]
    files: tuple[FileName, ...]

    def reason(self, rows: Sequence[str]) -> str:
        """A sentence for users; `rows` gives the place of each row, such as `line 3`."""
        which = _enumerate(rows)
        names = _enumerate([repr(name) for name in sorted(file.name for file in self.files)])
        if len(self.rows) == 1:
            return (
                f"{which} fits several files: {names}. It is used for none of them. Name the file "
                "with its folder and its extension."
            )
        if not self.files:
            return f"{which} name the same file and contradict each other. None of them is used."
        if len(self.files) == 1:
            return f"{which} all fit {names} and contradict each other. None of them is used."
        return f"{which} fit the files {names} ambiguously. None of them is used."


@dataclass(frozen=True, slots=True)
class Matching:
    """The result of matching: every row and every file is in exactly one of the four."""

    matches: tuple[Match, ...]
    ambiguities: tuple[Ambiguity, ...]
    rows_without_file: tuple[TableRow, ...]
    files_without_row: tuple[FileName, ...]


def match(rows: Iterable[TableRow], files: Iterable[FileName]) -> Matching:
    """Match table rows to files; the order of rows and files makes no difference.

    First by the same path, then by the same name with compatible folders, then by the name without
    the file's extension; of the rest, by the name without case, punctuation and spaces. Each step
    accepts unique matches only: one row that fits two files, or two rows with different values
    that fit one file, are reported as ambiguous and take no part in later steps.
    """
    open_rows, open_files = list(rows), list(files)
    matches: list[Match] = []
    ambiguities: list[Ambiguity] = []
    for step in _STEPS:
        for group_rows, group_files in _groups(open_rows, open_files, step):
            if _is_unique(group_rows, group_files, step):
                matches.append(Match(group_files[0], group_rows, step is _APPROXIMATE))
            else:
                ambiguities.append(Ambiguity(group_rows, group_files))
        decided = {id(match_.file) for match_ in matches} | {
            id(f) for ambiguity in ambiguities for f in ambiguity.files
        }
        decided |= {id(row) for match_ in matches for row in match_.rows}
        decided |= {id(row) for ambiguity in ambiguities for row in ambiguity.rows}
        open_rows = [row for row in open_rows if id(row) not in decided]
        open_files = [file for file in open_files if id(file) not in decided]
    contradictions = list(_contradictions(open_rows))
    ambiguities += [Ambiguity(contradiction, ()) for contradiction in contradictions]
    contradicting = {id(row) for contradiction in contradictions for row in contradiction}
    return Matching(
        tuple(matches),
        tuple(ambiguities),
        tuple(row for row in open_rows if id(row) not in contradicting),
        tuple(open_files),
    )


Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """How a step compares names: the keys of a row and of a file, and whether one path may be a
    suffix of the other."""

    row: Callable[[Parts], Parts]
    file: Callable[[Parts], Iterable[Parts]]
    allows_suffix: bool = True


def _unchanged(parts: Parts) -> Parts:
    return parts


def _without_extension(parts: Parts) -> Parts:
    return (*parts[:-1], stem(parts[-1]))


def _simplified_parts(parts: Parts) -> Parts:
    found = tuple(simplified(part) for part in parts)
    return found if found[-1] else ()


_APPROXIMATE = _Step(
    _simplified_parts,
    lambda parts: {_simplified_parts(parts), _simplified_parts(_without_extension(parts))} - {()},
)
_STEPS = (
    _Step(_unchanged, lambda parts: (parts,), allows_suffix=False),
    _Step(_unchanged, lambda parts: (parts,)),
    _Step(_unchanged, lambda parts: (_without_extension(parts),)),
    _APPROXIMATE,
)


def _groups(
    rows: Sequence[TableRow], files: Sequence[FileName], step: _Step
) -> Iterator[tuple[tuple[TableRow, ...], tuple[FileName, ...]]]:
    """Connected groups of rows and files that match at this step, directly or transitively."""
    index = _FileIndex(files, step)
    fits = {
        number: found for number, row in enumerate(rows) if (found := index.matching_files(row))
    }
    for row_numbers, file_numbers in _connected(fits):
        yield tuple(rows[n] for n in row_numbers), tuple(files[n] for n in file_numbers)


class _FileIndex:
    """Files by the keys of a step: the whole path, and every suffix of it."""

    def __init__(self, files: Sequence[FileName], step: _Step) -> None:
        self._step = step
        self._whole: dict[tuple[str, Parts], list[int]] = defaultdict(list)
        self._ends: dict[tuple[str, Parts], list[int]] = defaultdict(list)
        for number, file in enumerate(files):
            parts = parts_of(file.name)
            for seen in step.file(parts) if parts else ():
                for scope in {"", file.within}:
                    self._whole[scope, seen].append(number)
                    for end in _suffixes(seen) if step.allows_suffix else ():
                        self._ends[scope, end].append(number)

    def matching_files(self, row: TableRow) -> set[int]:
        """Indices of the files that a row matches."""
        parts = parts_of(row.name)
        seen = self._step.row(parts) if parts else ()
        if not seen:
            return set()
        found = set(self._whole.get((row.within, seen), ()))
        if self._step.allows_suffix:
            found.update(self._ends.get((row.within, seen), ()))
            for end in _suffixes(seen):
                found.update(self._whole.get((row.within, end), ()))
        return found


def _is_unique(rows: Sequence[TableRow], files: Sequence[FileName], step: _Step) -> bool:
    """Whether the group is one file and rows that agree (approximately: of the same name)."""
    same_values = all(row.values == rows[0].values for row in rows)
    same_name = step is not _APPROXIMATE or len({parts_of(row.name) for row in rows}) == 1
    return len(files) == 1 and same_values and same_name


def _suffixes(parts: Parts) -> Iterator[Parts]:
    """The path without its first folder, its first two, and so on."""
    for start in range(max(1, len(parts) - _MAX_SUFFIX_PARTS), len(parts)):
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
        row_numbers, file_numbers, queue = [], set[int](), [start]
        while queue:
            row = queue.pop()
            row_numbers.append(row)
            for file in fits[row] - file_numbers:
                file_numbers.add(file)
                for other in rows_of[file]:
                    if other not in seen:
                        seen.add(other)
                        queue.append(other)
        yield sorted(row_numbers), sorted(file_numbers)


def _contradictions(rows: Sequence[TableRow]) -> Iterator[tuple[TableRow, ...]]:
    """Rows with different values for the same file, which is missing."""
    same: dict[tuple[str, Parts], list[TableRow]] = defaultdict(list)
    for row in rows:
        if parts := parts_of(row.name):
            same[row.within, parts].append(row)
    for found in same.values():
        if any(row.values != found[0].values for row in found):
            yield tuple(found)


def _enumerate(names: Sequence[str]) -> str:
    shown = list(names[:_MAX_NAMED])
    if len(names) > _MAX_NAMED:
        shown.append(f"{len(names) - _MAX_NAMED} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
