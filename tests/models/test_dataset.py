"""The index of a dataset folder, and folds that keep apart what belongs together."""

from collections import Counter
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from models.contract import CLASSES
from models.dataset import (
    METADATA,
    DatasetError,
    Entry,
    Group,
    assign_folds,
    class_weights,
    listing_hash,
    read_index,
)
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


def entry(number: int, label: str, patient: str = "") -> Entry:
    name = f"{number}.png"
    return Entry(
        key=f"pocus_images/convex/{name}",
        path=Path(name),
        label=label,
        probe="convex",
        kind="image",
        patient=patient,
        source="7",
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

    def test_names_rows_and_files_that_have_no_partner(self, tmp_path: Path) -> None:
        mini_dataset.make(tmp_path, [*TWO_OF_EACH, Row("orphan.png", "covid19")])
        mini_dataset.write_table(tmp_path, [*TWO_OF_EACH, Row("elsewhere.mp4", "covid19")])
        index = read_index(tmp_path)
        assert index.rows_without_file == ("elsewhere",)
        assert index.files_without_row == ("orphan.png",)
        assert len(index.entries) == 6

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


@st.composite
def datasets(draw: st.DrawFn) -> list[Entry]:
    """Recordings of the three classes; some patients have several, some are not known."""
    return [
        entry(n, label, draw(st.sampled_from(["", *(f"{label[:3]}{p}" for p in range(9)), "both"])))
        for n, label in enumerate(
            draw(st.lists(st.sampled_from(CLASSES), min_size=12, max_size=60))
        )
    ]


class TestAssignFolds:
    @settings(max_examples=60, deadline=None)
    @given(datasets(), st.sampled_from(["recording", "patient"]), st.integers(2, 5))
    def test_no_group_is_on_both_sides_and_every_recording_is_tested_once(
        self, entries: list[Entry], group: Group, folds: int
    ) -> None:
        try:
            assigned = assign_folds(entries, group, folds, seed=1)
        except DatasetError:
            reject()
        assert len(assigned) == len(entries)
        assert set(assigned) <= set(range(folds))
        if group == "patient":
            homes: dict[str, set[int]] = {}
            for each, fold in zip(entries, assigned, strict=True):
                homes.setdefault(each.patient or each.key, set()).add(fold)
            assert all(len(home) == 1 for home in homes.values())

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(10, 40), min_size=3, max_size=3), st.integers(2, 5))
    def test_each_fold_tests_its_share_of_each_class(self, counts: list[int], folds: int) -> None:
        labels = [label for label, count in zip(CLASSES, counts, strict=True) for _ in range(count)]
        entries = [entry(n, label) for n, label in enumerate(labels)]
        assigned = assign_folds(entries, "recording", folds, seed=3)
        tested = Counter(zip(labels, assigned, strict=True))
        for label, count in zip(CLASSES, counts, strict=True):
            for fold in range(folds):
                assert abs(tested[label, fold] - count / folds) <= 1

    def test_patients_that_are_not_known_are_not_one_patient(self) -> None:
        entries = [entry(n, CLASSES[n % 3]) for n in range(30)]
        assert set(assign_folds(entries, "patient", 5, seed=1)) == set(range(5))

    def test_a_patient_with_several_classes_stays_together(self) -> None:
        entries = [entry(n, CLASSES[n % 3], f"p{n // 3}") for n in range(30)]
        assigned = assign_folds(entries, "patient", 5, seed=1)
        assert all(len(set(assigned[n : n + 3])) == 1 for n in range(0, 30, 3))

    def test_the_seed_decides(self) -> None:
        entries = [entry(n, CLASSES[n % 3]) for n in range(60)]
        assert assign_folds(entries, "recording", 5, 1) == assign_folds(entries, "recording", 5, 1)
        assert assign_folds(entries, "recording", 5, 1) != assign_folds(entries, "recording", 5, 2)

    def test_fewer_patients_than_folds_are_refused(self) -> None:
        entries = [entry(n, CLASSES[n % 3], f"p{n}" if n % 3 else f"p{n % 2}") for n in range(30)]
        assign_folds(entries, "recording", 5, seed=1)
        with pytest.raises(DatasetError, match=r"2 patient groups of covid19 .* at most 2"):
            assign_folds(entries, "patient", 5, seed=1)

    def test_a_class_that_is_missing_is_refused(self) -> None:
        entries = [entry(n, CLASSES[n % 2]) for n in range(30)]
        with pytest.raises(DatasetError, match="0 recording groups of healthy"):
            assign_folds(entries, "recording", 2, seed=1)


class TestClassWeights:
    @given(st.lists(st.integers(0, 2), min_size=1))
    def test_give_each_class_the_same_share_of_the_loss(self, labels: list[int]) -> None:
        weights = class_weights(labels)
        for n in range(3):
            share = weights[n] * labels.count(n)
            assert share == pytest.approx(len(labels) / 3 if n in labels else 0)

    def test_are_one_on_average(self) -> None:
        labels = [0] * 7 + [1] * 2 + [2]
        weights = class_weights(labels)
        assert sum(weights[label] for label in labels) == pytest.approx(len(labels))
        assert class_weights([0, 1, 2]) == [1, 1, 1]
