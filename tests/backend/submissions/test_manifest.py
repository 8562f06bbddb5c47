"""Manifests as hospitals write them: every encoding, every delimiter, each bad row by name."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.submissions import manifest
from backend.submissions.manifest import SPREADSHEET, ManifestError, read
from models.data.table_matching import FileName, TableRow, match
from tests import archives, names

DATASET = Path(__file__).parents[4] / "shared" / "dataset"
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

    def test_of_another_alphabet_are_refused_rather_than_read_as_other_letters(self) -> None:
        for text, encoding in (
            ("Без особенностей", "cp1251"), ("Święty Łazarz pięć", "cp1250"),
            ("患者甲武汉协和", "gbk"),
            ("ゆうきひとつ", "shift_jis"), ("Νοσοκομείο", "cp1253"),
        ):  # fmt: skip
            with pytest.raises(ManifestError, match="Save it as CSV UTF-8"):
                read((HEAD + f"a.mp4,healthy,{text}\n").encode(encoding))

    def test_that_are_not_utf8_are_told(self) -> None:
        assert read(self.TEXT.encode()).notes == ()
        assert "Windows-1252" in read(self.TEXT.encode("cp1252")).notes[0]

    @pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;;;", "\ufeffsep=;"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_a_first_line_may_name_the_delimiter(self, first: str, newline: str) -> None:
        text = newline.join([first, "file_name;source;label", "a.png;one, two;flu", ""])
        (row,) = read(text.encode()).rows
        assert (row.file_name, row.line, row.values) == ("a.png", 3, {"source": "one, two"})

    @pytest.mark.parametrize("first", ["sep=\t", "sep=\\t"])
    def test_also_a_tab(self, first: str) -> None:
        (row,) = read(f"{first}\nfile_name\tlabel\na.png\thealthy\n".encode()).rows
        assert row.values == {"label": "healthy"}

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
        assert "'influenza' is not one of covid19, pneumonia" in row.problem

    @pytest.mark.parametrize(
        ("said", "label"),
        [("COVID-19", "covid19"), ("Bacterial pneumonia", "pneumonia"), ("regular", "healthy"),
         ("Viral pneumonia", "viral"), ("healthy", "healthy"), ("Other", "other")],
    )  # fmt: skip
    def test_labels_are_read_in_the_words_of_the_public_dataset(
        self, said: str, label: str
    ) -> None:
        assert one(HEAD + f"a.mp4,{said},\n").values["label"] == label

    @pytest.mark.parametrize(
        "said",
        ["covid19?", "?covid19", "~covid-19", "covid19 (-)", "not=covid19", "≠ covid19", ">covid19",
         "covid19/", "!covid19", "(covid19)", "-covid19", "covid19 -", "covid19+"],
    )  # fmt: skip
    def test_a_word_with_a_sign_that_may_change_it_is_not_taken_for_the_word(
        self, said: str
    ) -> None:
        row = one(HEAD + f"a.mp4,{said},\n")
        assert (row.values, row.refused) == ({}, ("label",))
        assert repr(said) in (row.problem or "")

    @pytest.mark.parametrize(
        "said", [" COVID\u201119 ", "Covid 19.", "covid_19", "\u200bcovid19\ufeff", "covid\u00a019"]
    )
    def test_a_word_may_be_parted_and_padded(self, said: str) -> None:
        assert one(HEAD + f"a.mp4,{said},\n").values == {"label": "covid19"}

    def test_a_nul_in_a_cell_is_refused_by_name(self) -> None:
        (row,) = read(b"file_name,note,source\na.mp4,on\0e,x\n").rows
        assert (row.values, row.refused) == ({"source": "x"}, ("note",))
        problem = "note: It contains a NUL character, which cannot be stored. Remove it."
        assert row.problem == problem
        (row,) = read(b"file_name,note\na\0.mp4,x\n").rows
        assert (row.values, row.file_name) == ({}, "a.mp4")

    def test_only_the_cell_that_cannot_be_used_is_refused(self) -> None:
        (row,) = read(
            b"file_name,label,licence,source\na.mp4,covid19,all rights reserved,Ward 3\n"
        ).rows
        assert row.values == {"label": "covid19", "source": "Ward 3"}
        assert row.refused == ("licence",)
        assert "'all rights reserved' is not one of CC BY 4.0" in (row.problem or "")

    @pytest.mark.parametrize(
        ("said", "licence"),
        [("CC BY-NC -SA 4.0", "CC BY-NC-SA 4.0"), ("cc by-nc-sa", "CC BY-NC-SA 4.0"),
         ("COVID-19 emergency license", "PMC COVID-19 licence"), ("ＣＣ０", "CC0 1.0")],
    )  # fmt: skip
    def test_the_public_datasets_licences_are_known(self, said: str, licence: str) -> None:
        assert one(f"file_name,licence\na.mp4,{said}\n").values == {"licence": licence}

    @given(names.texts, names.texts)
    def test_free_text_is_kept_as_it_is_or_refused_by_name(self, source: str, note: str) -> None:
        file = io.StringIO(newline="")
        csv.writer(file).writerows([("file_name", "source", "note"), ("a.png", source, note)])
        (row,) = read(file.getvalue().encode()).rows
        assert row.values["note"] == note
        if "source" in row.refused:
            assert source[0] in "=+-@\t\r"
            assert "source: " in (row.problem or "")
        else:
            assert row.values["source"] == source

    @pytest.mark.parametrize("said", ["患者甲", "nd", "n/a", "None", "NULL", "0", "-", "．"])
    def test_a_patient_is_whatever_stands_there(self, said: str) -> None:
        assert one(f"file_name,patient\na.mp4,{said}\n").values == {"patient": said}

    def test_words_for_nothing_are_none_where_the_column_does_not_say_so(self) -> None:
        row = one("file_name,label,probe\na.mp4,n/a,nd\n")
        assert set(row.refused) == {"label", "probe"}
        open_ones = {each.name for each in manifest.COLUMNS if "leave it empty" in each.about}
        assert open_ones == {each.name for each in manifest.COLUMNS if each.may_be_unknown}

    def test_two_columns_that_contradict_each_other_count_for_nothing(self) -> None:
        row = one("file_name,label,label,age,age_band\na.mp4,healthy,covid19,40,40-59\n")
        assert row.values == {"age_band": "40-59"}
        assert row.refused == ("label",)
        assert one("file_name,file\na.mp4,b.mp4\n").problem == (
            "It names several files: ['a.mp4', 'b.mp4']."
        )

    def test_a_quote_without_an_end_is_refused_rather_than_taken_for_the_rest(self) -> None:
        with pytest.raises(ManifestError, match="cannot be read as CSV"):
            read((HEAD + 'a.mp4,healthy,"5 MHz\nb.mp4,covid19,x\n').encode())

    def test_a_name_that_is_too_long_is_refused_rather_than_cut(self) -> None:
        row = one(f"file_name,label\n{'x' * 1100}.mp4,healthy\n")
        assert row.values == {}
        assert "longer than 1024" in (row.problem or "")
        assert one(f"file_name,label\n{'ü' * 1000}.mp4,healthy\n").problem is None

    def test_unknown_columns_are_named_and_the_row_counts(self) -> None:
        found = read(b"file_name,label,favourite colour\na.mp4,healthy,blue\n")
        assert found.unknown_columns == ("favourite colour",)
        assert found.rows[0].values == {"label": "healthy"}

    def test_a_row_without_a_file_and_one_with_too_many_cells(self) -> None:
        nameless, wide = read((HEAD + ",healthy,\na.mp4,healthy,x,y\n").encode()).rows
        assert nameless.problem == "It names no file."
        assert wide.problem is not None
        assert wide.refused == ("label", "source")

    def test_lines_are_those_of_the_file(self) -> None:
        text = HEAD + '\n\na.mp4,healthy,"two\nlines"\nb.mp4,flu,\n'
        assert [row.line for row in read(text.encode()).rows] == [5, 6]

    @pytest.mark.parametrize(
        ("said", "band"), [("0", "0-17"), ("17.5", "0-17"), ("40", "40-59"), ("101", "80+"),
                           ("18-39", "18-39")],
    )  # fmt: skip
    def test_of_an_age_the_band_is_kept(self, said: str, band: str) -> None:
        assert one(f"file_name,age\na.mp4,{said}\n").values == {"age_band": band}

    @pytest.mark.parametrize("said", ["-3", "old", "400", "nan", "1_7", "4e1", "?40"])
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
    @pytest.mark.parametrize(
        "content", [archives.office_open_xml("xl"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9)]
    )
    def test_a_spreadsheet_is_named(self, content: bytes) -> None:
        with pytest.raises(ManifestError) as raised:
            read(content)
        assert raised.value.message == SPREADSHEET

    @pytest.mark.parametrize("content", [b"", b"label\nhealthy\n", b"\xff\xfe"])
    def test_is_refused_with_a_sentence(self, content: bytes) -> None:
        with pytest.raises(ManifestError, match="file_name"):
            read(content)

    def test_too_much_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(manifest, "MAX_MANIFEST_ROWS", 2)
        with pytest.raises(ManifestError, match="more than 2 rows"):
            read((HEAD + "a.mp4,healthy,\n" * 3).encode())
        monkeypatch.setattr(manifest, "MAX_MANIFEST_BYTES", 10)
        with pytest.raises(ManifestError, match="larger"):
            read(HEAD.encode())


@pytest.mark.dataset
@pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings at ../shared/dataset")
def test_the_public_datasets_own_table_is_read_as_it_is() -> None:
    found = read((DATASET / "dataset_metadata.csv").read_bytes())
    assert found.unknown_columns == ()
    bad = [row for row in found.rows if row.problem]
    assert (len(found.rows), len(bad)) == (133, 7)  # CC BY 2.0 and CC BY-NC-SA 3.0
    assert all(row.refused == ("licence",) and row.values["label"] for row in bad)
    files = [path for path in DATASET.glob("pocus_*/**/*") if path.is_file()]
    matching = match(
        (TableRow(row.line, row.file_name, row.values) for row in found.rows),
        (FileName(path, path.relative_to(DATASET).as_posix()) for path in files),
    )
    assert len(matching.matches) == len(files) == 133
    assert not any(match_.is_approximate for match_ in matching.matches)
