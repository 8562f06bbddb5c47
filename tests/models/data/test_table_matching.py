"""A row is matched to a file exactly, or approximately with a note, or reported as ambiguous."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data.file_names import canonical
from models.data.table_matching import FileName, Matching, TableRow, match
from tests import names


def paired(rows: Sequence[tuple[str, object] | str], files: Sequence[str]) -> Matching:
    """Matched by name; the rows say what stands beside their name, or something of their own."""
    given_rows = [row if isinstance(row, tuple) else (row, row) for row in rows]
    return match(
        [TableRow(n, name, says) for n, (name, says) in enumerate(given_rows)],
        [FileName(n, name) for n, name in enumerate(files)],
    )


def pairs(found: Matching) -> dict[str, str]:
    """Row's name to file's name."""
    return {row.name: match_.file.name for match_ in found.matches for row in match_.rows}


class TestExactly:
    @pytest.mark.parametrize(
        ("named", "file"),
        [("lung.mp4", "lung.mp4"), ("ward/lung.mp4", "ward/lung.mp4"), ("lung", "lung.mp4"),
         ("lung.mp4", "ward/lung.mp4"), ("ward/lung.mp4", "lung.mp4"),
         ("ward\\lung.mp4", "ward/lung.mp4"), ("lung.v2", "lung.v2.mp4"), ("./a.mp4", "a.mp4"),
         ("bed 1/a", "ward/bed 1/a.png"), ("Lunge-\u00fc_1.png", "scans/Lunge-u\u0308_1.png"),
         ("患者甲", "患者甲.png")],
    )  # fmt: skip
    def test_the_same_name_matches(self, named: str, file: str) -> None:
        found = paired([named], [file])
        assert pairs(found) == {named: file}
        assert not found.matches[0].is_approximate

    @pytest.mark.parametrize(
        ("named", "file"),
        [("lung.mp4", "lung.avi"), ("a/lung.mp4", "b/lung.mp4"), ("x", "y.mp4"),
         ("患者甲", "患者乙.png"), ("", "a.png"), ("..", "a.png"), ("-", "_.png"), ("患", ".png")],
    )  # fmt: skip
    def test_another_name_does_not(self, named: str, file: str) -> None:
        found = paired([named], [file])
        assert (pairs(found), found.ambiguities) == ({}, ())
        assert [each.name for each in found.rows_without_file] == [named]

    def test_what_differs_in_punctuation_alone_is_told_apart(self) -> None:
        found = paired(["P1-11", "P11-1"], ["P11-1.png", "P1-11.png"])
        assert pairs(found) == {"P1-11": "P1-11.png", "P11-1": "P11-1.png"}

    def test_a_path_goes_before_a_name_and_a_name_before_a_stem(self) -> None:
        rows = ["a/x.mp4", "x.mp4", "y", "y.png"]
        found = paired(rows, ["a/x.mp4", "b/x.mp4", "y.png", "y.mp4"])
        assert pairs(found) == {
            "a/x.mp4": "a/x.mp4", "x.mp4": "b/x.mp4", "y.png": "y.png", "y": "y.mp4",
        }  # fmt: skip

    def test_a_row_within_an_archive_tells_only_of_its_files(self) -> None:
        rows = [TableRow(n, "1.png", n, within=zip_) for n, zip_ in enumerate(("one", "two"))]
        files = [FileName(zip_, "1.png", within=zip_) for zip_ in ("two", "one")]
        found = match(rows, files)
        assert {match_.file.key: match_.rows[0].values for match_ in found.matches} == {
            "one": 0,
            "two": 1,
        }
        assert match(rows[:1], files[:1]).rows_without_file == (rows[0],)


class TestLoosely:
    @pytest.mark.parametrize(
        ("named", "file"),
        [("lung.mp4", "Lung.MP4"), ("Lung", "lung.mp4"), ("Cov-Atlas Day+2", "cov_atlas_day+2.gif"),
         ("Ward/lung.mp4", "ward/lung.mp4"), (" a.png ", "a.png"), ("Пациент 1", "пациент_1.png")],
    )  # fmt: skip
    def test_one_row_and_one_file_that_are_left_match_and_it_is_told(
        self, named: str, file: str
    ) -> None:
        found = paired([named], [file])
        assert pairs(found) == {named: file}
        assert found.matches[0].is_approximate

    def test_two_that_are_left_do_not(self) -> None:
        found = paired(["P1-11", "P11-1"], ["P111.png"])
        assert found.matches == ()
        (doubt,) = found.ambiguities
        assert doubt.reason(["Line 2", "line 3"]) == (
            "Line 2 and line 3 all fit 'P111.png' and contradict each other. None of them is used."
        )
        assert paired(["p111"], ["P1-11.png", "P11-1.png"]).matches == ()
        assert paired([("A.png", 1), ("a-.png", 1)], ["a.PNG"]).matches == ()

    def test_what_fits_exactly_is_not_left(self) -> None:
        found = paired(["P1-11", "P11-1"], ["P1-11.png", "P11_1.png"])
        assert pairs(found) == {"P1-11": "P1-11.png", "P11-1": "P11_1.png"}
        assert [match_.is_approximate for match_ in found.matches] == [False, True]


class TestDoubts:
    def test_one_row_that_fits_two_files_counts_for_neither(self) -> None:
        for files in (["lung.mp4", "lung.png"], ["a/lung.mp4", "b/lung.mp4"], ["lung"] * 2):
            found = paired(["lung" if "/" not in files[0] else "lung.mp4"], files)
            assert found.matches == ()
            (doubt,) = found.ambiguities
            assert len(doubt.files) == 2
            assert repr(files[0]) in doubt.reason(["Line 2"])

    def test_two_rows_that_contradict_each_other_do_not_count(self) -> None:
        for files in (["a.png"], []):
            found = paired([("a.png", 1), ("a.png", 2)], files)
            assert (found.matches, len(found.ambiguities)) == ((), 1)
            assert len(found.ambiguities[0].rows) == 2

    def test_two_rows_that_say_the_same_count(self) -> None:
        found = paired([("a.png", 1), ("a.png", 1)], ["a.png"])
        assert len(found.matches) == 1
        assert len(found.matches[0].rows) == 2

    def test_composed_and_decomposed_are_one_name(self) -> None:
        assert len(paired(["\u00fc.png"], ["\u00fc.png", "u\u0308.png"]).ambiguities) == 1

    def test_many_are_named_by_their_number(self) -> None:
        found = paired(["x"], [f"x.{n}" for n in range(9)])
        assert found.ambiguities[0].reason(["Line 2"]).count("'x.") == 5
        assert "and 4 more" in found.ambiguities[0].reason(["Line 2"])


_ROWS_AND_FILES = st.tuples(
    st.lists(
        st.tuples(names.file_names, st.integers(0, 1), st.sampled_from(["", "z"])), max_size=8
    ),
    st.lists(st.tuples(names.file_names, st.sampled_from(["", "z"])), max_size=8),
)


@given(_ROWS_AND_FILES, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_the_order_makes_no_difference_and_nothing_is_lost_or_there_twice(
    given_names: tuple[list[tuple[str, int, str]], list[tuple[str, str]]], random: object
) -> None:
    rows = [
        TableRow(n, name, says, within) for n, (name, says, within) in enumerate(given_names[0])
    ]
    files = [FileName(n, name, within) for n, (name, within) in enumerate(given_names[1])]

    def said(found: Matching) -> tuple[set[object], ...]:
        return (
            {
                (match_.file, frozenset(match_.rows), match_.is_approximate)
                for match_ in found.matches
            },
            {
                (frozenset(ambiguity.rows), frozenset(ambiguity.files))
                for ambiguity in found.ambiguities
            },
            set(found.rows_without_file),
            set(found.files_without_row),
        )

    found = match(rows, files)
    shuffled_rows, shuffled_files = rows[:], files[:]
    random.shuffle(shuffled_rows)  # type: ignore[attr-defined]
    random.shuffle(shuffled_files)  # type: ignore[attr-defined]
    assert said(match(shuffled_rows, shuffled_files)) == said(found)
    seen_rows = [row for match_ in found.matches for row in match_.rows]
    seen_rows += [row for ambiguity in found.ambiguities for row in ambiguity.rows]
    seen_files = [match_.file for match_ in found.matches]
    seen_files += [file for ambiguity in found.ambiguities for file in ambiguity.files]
    assert sorted(row.key for row in (*seen_rows, *found.rows_without_file)) == [  # type: ignore[type-var]
        row.key for row in rows
    ]
    assert sorted(file.key for file in (*seen_files, *found.files_without_row)) == [  # type: ignore[type-var]
        file.key for file in files
    ]


@given(names.file_names, names.file_names)
def test_two_names_are_one_exactly_where_their_composed_forms_are(one: str, other: str) -> None:
    assert (canonical(one) == canonical(other)) == (names.nfc(one) == names.nfc(other))


@given(st.sets(names.file_names.map(names.nfc), min_size=2, max_size=6))
def test_files_of_different_names_never_take_each_others_row(files: set[str]) -> None:
    for match_ in paired(sorted(files), sorted(files, reverse=True)).matches:
        assert names.nfc(match_.rows[0].name) == names.nfc(match_.file.name)


def test_five_thousand_rows_and_a_thousand_files_are_matched_quickly() -> None:
    rows = [TableRow(n, f"p{n}/1.mp4") for n in range(5000)]
    files = [FileName(n, f"scans/p{n}/1.mp4") for n in range(1000)]
    found = match([*rows, TableRow("all", "1.mp4")], files)
    assert len(found.ambiguities) == 1  # a row that names no folder fits every one of them
    assert len(match(rows, files).matches) == 1000
