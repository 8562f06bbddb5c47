"""The index of a dataset folder."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from models.contract import CLASSES
from models.data.index import METADATA, DatasetError, Entry, listing_hash, read_index
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


def entry(number: int, label: str, patient: str = "", source: str = "7") -> Entry:
    name = f"{number}.png"
    return Entry(
        key=f"pocus_images/convex/{name}",
        path=Path(name),
        label=label,
        probe="convex",
        kind="image",
        patient=patient,
        source=source,
        licence="CC BY 4.0",
        sha256=f"{number:064x}",
    )


class TestReadIndex:
    def test_tells_of_each_recording_what_its_row_says(self, tmp_path: Path) -> None:
        index = read_index(mini_dataset.make(tmp_path))
        assert len(index.entries) == len(index.trained) == 6
        found = {each.key: each for each in index.entries}
        clip = found["pocus_videos/convex/pneumonia_1.mp4"]
        assert (clip.label, clip.probe, clip.kind) == ("pneumonia", "convex", "video")
        assert (clip.patient, clip.source, clip.licence) == ("pneumonia 1", "7", "CC BY 4.0")
        assert clip.path == tmp_path / "pocus_videos/convex/pneumonia_1.mp4"
        assert len(clip.sha256) == 64
        assert found["pocus_images/convex/healthy_0.png"].kind == "image"

    @pytest.mark.parametrize(
        ("file", "row"),
        [
            ("Cov_Atlas-Day+4.png", "cov-atlas_day4"),
            ("COV clip (1).PNG", "Cov-clip-1"),
            ("cov.v1.final.png", "cov_v1_final"),
            ("Cov_1.jpeg", "Cov 1"),
        ],
    )
    def test_matches_names_apart_from_case_and_punctuation(
        self, file: str, row: str, tmp_path: Path
    ) -> None:
        rows = [*TWO_OF_EACH, Row(file, "covid19", "x", row)]
        index = read_index(mini_dataset.make(tmp_path, rows))
        (found,) = [each for each in index.entries if each.patient == "x"]
        assert found.path.name == file
        assert (index.rows_without_file, index.files_without_row) == ((), ())

    def test_believes_the_row_and_not_the_letters_of_a_name(self, tmp_path: Path) -> None:
        rows = [*TWO_OF_EACH, Row("Cov_healthy.png", "pneumonia", "x")]
        index = read_index(mini_dataset.make(tmp_path, rows))
        (found,) = [each for each in index.entries if each.patient == "x"]
        assert found.label == "pneumonia"

    def test_keeps_viral_and_linear_recordings_and_does_not_train_on_them(
        self, tmp_path: Path
    ) -> None:
        rows = [
            *TWO_OF_EACH,
            Row("vir.png", "viral"),
            Row("lin.png", "covid19", probe="linear"),
            Row("both.mp4", "viral", probe="linear"),
        ]
        index = read_index(mini_dataset.make(tmp_path, rows))
        left_out = {each.path.name: each.label for each in index.entries if not each.trained}
        assert left_out == {"vir.png": "viral", "lin.png": "covid19", "both.mp4": "viral"}
        assert {each.path.name for each in index.trained} == {row.file for row in TWO_OF_EACH}

    def test_keeps_a_recording_of_uncertain_label_and_does_not_train_on_it(
        self, tmp_path: Path
    ) -> None:
        mini_dataset.make(tmp_path, [*TWO_OF_EACH, Row("perhaps.png", "covid19")])
        home = tmp_path / "pocus_images/convex"
        (home / "label_uncertain").mkdir()
        (home / "perhaps.png").rename(home / "label_uncertain" / "perhaps.png")
        index = read_index(tmp_path)
        (found,) = [each for each in index.entries if not each.trained]
        assert found.key == "pocus_images/convex/label_uncertain/perhaps.png"
        assert (found.label, found.probe, found.certain) == ("covid19", "convex", False)

    def test_trains_once_on_what_is_there_twice(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path, [*TWO_OF_EACH, Row("again.png", "covid19")])
        home = tmp_path / "pocus_images/convex"
        (home / "again.png").write_bytes((home / "covid19_0.png").read_bytes())
        index = read_index(tmp_path)
        assert len(index.entries) == 7
        assert len(index.trained) == len({each.sha256 for each in index.trained}) == 6

    def test_names_rows_and_files_that_have_no_partner(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path, [*TWO_OF_EACH, Row("orphan.png", "covid19")])
        mini_dataset.write_table(tmp_path, [*TWO_OF_EACH, Row("elsewhere.mp4", "covid19")])
        index = read_index(tmp_path)
        assert index.rows_without_file == ("elsewhere",)
        assert index.files_without_row == ("orphan.png",)
        assert len(index.entries) == 6

    def test_names_that_differ_in_punctuation_have_each_their_row(self, tmp_path: Path) -> None:
        rows = [*TWO_OF_EACH, Row("P1-11.png", "covid19", "1"), Row("P11-1.png", "healthy", "11")]
        index = read_index(mini_dataset.make(tmp_path, rows))
        found = {each.path.stem: (each.label, each.patient) for each in index.entries}
        assert found["P1-11"] == ("covid19", "1")
        assert found["P11-1"] == ("healthy", "11")
        assert (index.ambiguities, index.approximate) == ((), ())

    def test_two_rows_that_contradict_each_other_do_not_count(self, tmp_path: Path) -> None:
        twice = [Row("x.png", "covid19", "1"), Row("x.png", "healthy", "1")]
        mini_dataset.make(tmp_path, [*TWO_OF_EACH, twice[0]])
        mini_dataset.write_table(tmp_path, [*TWO_OF_EACH, *twice])
        index = read_index(tmp_path)
        (doubt,) = index.ambiguities
        assert "'x' (line 8) and 'x' (line 9)" in doubt
        assert "x.png" in doubt
        assert "x" not in {each.path.stem for each in index.entries}
        assert index.files_without_row == index.rows_without_file == ()

    def test_what_fits_only_loosely_is_told(self, tmp_path: Path) -> None:
        rows = [*TWO_OF_EACH, Row("x_1.png", "covid19", row="X-1")]
        index = read_index(mini_dataset.make(tmp_path, rows))
        assert index.approximate == ("pocus_images/convex/x_1.png was matched with the row 'X-1'.",)

    def test_names_are_compared_composed(self, tmp_path: Path) -> None:
        rows = [*TWO_OF_EACH, Row("u\u0308.png", "covid19", row="\u00fc")]
        index = read_index(mini_dataset.make(tmp_path, rows))
        assert (len(index.entries), index.approximate) == (7, ())

    def test_a_table_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path)
        table = tmp_path / METADATA
        content = table.read_bytes()
        table.write_bytes(content + b"\xfc\n")
        with pytest.raises(DatasetError, match="not UTF-8"):
            read_index(tmp_path)
        table.write_bytes(content + b'"no end\n')
        with pytest.raises(DatasetError, match="cannot be read as CSV"):
            read_index(tmp_path)

    def test_a_video_and_a_picture_of_one_name_each_have_their_row(self, tmp_path: Path) -> None:
        rows = [*TWO_OF_EACH, Row("same.png", "covid19", "p"), Row("same.mp4", "healthy", "v")]
        index = read_index(mini_dataset.make(tmp_path, rows))
        found = {each.kind: each.label for each in index.entries if each.path.stem == "same"}
        assert found == {"image": "covid19", "video": "healthy"}

    def test_leaves_out_a_label_it_does_not_know(self, tmp_path: Path) -> None:
        index = read_index(mini_dataset.make(tmp_path, [*TWO_OF_EACH, Row("odd.png", "oedema")]))
        assert index.files_without_row == ("odd.png",)

    def test_passes_over_hidden_files_and_folders(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path)
        (tmp_path / "pocus_images/convex/.DS_Store").write_bytes(b"x")
        (tmp_path / "pocus_images/convex/uncertain").mkdir()
        index = read_index(tmp_path)
        assert len(index.entries) == 6
        assert index.files_without_row == ()

    def test_a_short_row_is_a_row_with_empty_fields(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path)
        table = tmp_path / METADATA
        lines = table.read_text(encoding="utf-8-sig").splitlines()
        lines[1] = ",".join(lines[1].split(",")[:5])
        table.write_text("\n".join(lines), encoding="utf-8")
        index = read_index(tmp_path)
        (found,) = [each for each in index.entries if not each.patient]
        assert (found.label, found.source) == ("covid19", "")

    def test_a_folder_without_a_table_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=METADATA):
            read_index(tmp_path)

    def test_a_table_without_the_columns_is_refused(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path)
        mini_dataset.write_table(tmp_path, TWO_OF_EACH, ["Filename", "Label", "Type", "License"])
        with pytest.raises(DatasetError, match="columns Patient ID / Name, Source ID"):
            read_index(tmp_path)

    def test_a_folder_with_nothing_to_train_on_is_refused(self, tmp_path: Path) -> None:
        mini_dataset.make(
            tmp_path, [Row("a.png", "viral"), Row("b.png", "covid19", "", "", "linear")]
        )
        with pytest.raises(DatasetError, match="no convex recording"):
            read_index(tmp_path)


class TestListingHash:
    entries = [entry(n, label) for n, label in enumerate(CLASSES)]  # noqa: RUF012

    def test_does_not_depend_on_order_or_names(self) -> None:
        renamed = [replace(each, key=f"x{each.key}") for each in self.entries]
        for some in (*permutations(self.entries), renamed):
            assert listing_hash(some) == listing_hash(self.entries)

    @pytest.mark.parametrize(
        "change", [{"sha256": "f" * 64}, {"label": "healthy"}, {"patient": "somebody"}]
    )
    def test_depends_on_content_label_and_patient(self, change: dict[str, str]) -> None:
        changed = [replace(self.entries[0], **change), *self.entries[1:]]  # type: ignore[arg-type]
        assert listing_hash(changed) != listing_hash(self.entries)

    def test_depends_on_which_recordings_there_are(self) -> None:
        assert listing_hash(self.entries[:2]) != listing_hash(self.entries)
