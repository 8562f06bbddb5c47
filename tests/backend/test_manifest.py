"""Manifests as hospitals write them: every encoding, every delimiter, each bad row by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.submissions import manifest
from backend.submissions.manifest import ManifestError, key, keys, read

DATASET = Path(__file__).parents[3] / "shared" / "dataset"
HEAD = "file_name,label,source\n"


def one(text: str) -> manifest.Row:
    (row,) = read(text.encode()).rows
    return row


class TestEncodings:
    TEXT = HEAD + "lung.mp4,healthy,Universitätsklinikum Würzburg\n"

    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
    )
    def test_are_all_read(self, encoding: str) -> None:
        (row,) = read(self.TEXT.encode(encoding)).rows
        assert row.values == {"label": "healthy", "source": "Universitätsklinikum Würzburg"}

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_with_any_delimiter_and_newline(self, delimiter: str, newline: str) -> None:
        text = self.TEXT.replace(",", delimiter).replace("\n", newline)
        (row,) = read(text.encode()).rows
        assert (row.file_name, row.values["label"]) == ("lung.mp4", "healthy")

    @given(st.binary(max_size=400))
    def test_nonsense_is_no_manifest(self, content: bytes) -> None:
        said = None
        try:
            read(content)
        except ManifestError as error:
            said = error.message
        assert said is None or said.endswith(".")


class TestRows:
    def test_a_label_outside_the_list_is_named(self) -> None:
        row = one(HEAD + "a.mp4,influenza,\n")
        assert row.values == {}
        assert row.problem is not None
        assert "'influenza' is none of covid19, pneumonia" in row.problem

    @pytest.mark.parametrize(
        ("said", "label"),
        [("COVID-19", "covid19"), ("Bacterial pneumonia", "pneumonia"), ("regular", "healthy"),
         ("Viral pneumonia", "viral"), ("healthy", "healthy"), ("Other", "other")],
    )  # fmt: skip
    def test_labels_are_read_in_the_words_of_the_public_dataset(
        self, said: str, label: str
    ) -> None:
        assert one(HEAD + f"a.mp4,{said},\n").values["label"] == label

    def test_a_nul_in_a_cell_is_left_out(self) -> None:
        (row,) = read(b"file_name,note\n" + b"a" * 200 + b".mp4,on\0e\n").rows
        assert row.values == {"note": "one"}

    def test_unknown_columns_are_named_and_the_row_counts(self) -> None:
        found = read(b"file_name,label,favourite colour\na.mp4,healthy,blue\n")
        assert found.unknown_columns == ("favourite colour",)
        assert found.rows[0].values == {"label": "healthy"}

    def test_the_first_of_two_rows_for_a_file_counts(self) -> None:
        first, second = read((HEAD + "a.mp4,healthy,\nA.MP4,covid19,\n").encode()).rows
        assert (first.problem, second.problem) == (None, "Line 2 already tells of this file.")

    def test_a_row_without_a_file_and_one_with_too_many_cells(self) -> None:
        nameless, wide = read((HEAD + ",healthy,\na.mp4,healthy,x,y\n").encode()).rows
        assert nameless.problem == "It names no file."
        assert wide.problem is not None

    def test_lines_are_those_of_the_file(self) -> None:
        text = HEAD + '\n\na.mp4,healthy,"two\nlines"\nb.mp4,flu,\n'
        assert [row.line for row in read(text.encode()).rows] == [5, 6]

    @pytest.mark.parametrize(
        ("said", "band"), [("0", "0-17"), ("17.5", "0-17"), ("40", "40-59"), ("101", "80+"),
                           ("18-39", "18-39")],
    )  # fmt: skip
    def test_of_an_age_the_band_is_kept(self, said: str, band: str) -> None:
        assert one(f"file_name,age\na.mp4,{said}\n").values == {"age_band": band}

    @pytest.mark.parametrize("said", ["-3", "old", "400", "nan"])
    def test_an_age_that_is_none_is_named(self, said: str) -> None:
        assert one(f"file_name,age\na.mp4,{said}\n").problem

    def test_findings_and_symptoms_have_a_column_each(self) -> None:
        row = one("file_name,B-lines,effusion,Fever,cough\na.mp4,1,no,1,0\n")
        assert row.values == {
            "findings": {"b_lines": True, "effusion": False},
            "symptoms": ["fever"],
        }

    def test_a_cell_that_says_nothing_leaves_the_default(self) -> None:
        assert one("file_name,sex,age,probe\na.mp4,nd,n/A,\n").values == {}


class TestNoManifest:
    @pytest.mark.parametrize("content", [b"", b"label\nhealthy\n", b"\xff\xfe", b"PK\x03\x04"])
    def test_is_refused_with_a_sentence(self, content: bytes) -> None:
        with pytest.raises(ManifestError, match="file_name"):
            read(content)

    def test_too_much_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(manifest, "MOST_MANIFEST_ROWS", 2)
        with pytest.raises(ManifestError, match="more than 2 rows"):
            read((HEAD + "a.mp4,healthy,\n" * 3).encode())
        monkeypatch.setattr(manifest, "MOST_MANIFEST_BYTES", 10)
        with pytest.raises(ManifestError, match="larger"):
            read(HEAD.encode())


class TestNames:
    @pytest.mark.parametrize(
        ("named", "file"),
        [("lung.mp4", "Lung.MP4"), ("Lung", "lung.mp4"), ("Cov-Atlas Day+2", "cov_atlas_day+2.gif"),
         ("ward/lung.mp4", "ward/lung.mp4"), ("lung.mp4", "ward/lung.mp4"),
         ("ward\\lung.mp4", "Ward/lung.mp4"), ("lung.v2", "lung.v2.mp4")],
    )  # fmt: skip
    def test_that_mean_the_same_file(self, named: str, file: str) -> None:
        assert key(named) in keys(file)

    @pytest.mark.parametrize(
        ("named", "file"), [("lung.mp4", "lung.avi"), ("a/lung.mp4", "b/lung.mp4"), ("x", "y.mp4")]
    )
    def test_that_do_not(self, named: str, file: str) -> None:
        assert key(named) not in keys(file)


@pytest.mark.dataset
@pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings at ../shared/dataset")
def test_the_public_datasets_own_table_is_read_as_it_is() -> None:
    found = read((DATASET / "dataset_metadata.csv").read_bytes())
    assert found.unknown_columns == ()
    bad = [row for row in found.rows if row.problem]
    assert (len(found.rows), len(bad)) == (133, 27)
    assert all("licence" in (row.problem or "") for row in bad)  # none of those that we take
    files = [path.name for path in DATASET.glob("pocus_*/**/*") if path.is_file()]
    named = {key(row.file_name) for row in found.rows}
    assert [name for name in files if not named & set(keys(name))] == []
