"""Folds and validation parts keep on one side what belongs together, whatever the dataset."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from models.contract import CLASSES
from models.data.folds import MIN_SOURCE_RECORDINGS, Group, assign_folds, validation_split
from models.data.index import DatasetError, Entry
from tests.models.data.test_index import entry

GROUPS = st.sampled_from(["recording", "patient", "source"])


@st.composite
def datasets(draw: st.DrawFn) -> list[Entry]:
    """Recordings of the three classes; some patients have several, some are not known.

    Patients belong to sources, but for one who came to two of them.
    """
    patients = ["", *(f"{label[:3]}{p}" for label in CLASSES for p in range(4)), "both"]
    found = []
    for n, label in enumerate(draw(st.lists(st.sampled_from(CLASSES), min_size=12, max_size=60))):
        patient = draw(st.sampled_from(patients))
        homes = ["one", "two"] if patient in ("", "both") else [f"of {patient[-1]}"]
        found.append(entry(n, label, patient, draw(st.sampled_from(homes))))
    return found


def parted(entries: list[Entry], sides: list[int], group: Group) -> list[str]:
    """What is on more than one side and should not be."""
    homes: dict[str, set[int]] = {}
    for each, side in zip(entries, sides, strict=True):
        names = [f"content {each.sha256}"]
        if group != "recording" and each.patient:
            names.append(f"patient {each.patient}")
        if group == "source":
            names.append(f"source {each.source}")
        for name in names:
            homes.setdefault(name, set()).add(side)
    return [name for name, home in homes.items() if len(home) > 1]


class TestAssignFolds:
    @settings(max_examples=60, deadline=None)
    @given(datasets(), GROUPS, st.integers(2, 5))
    def test_no_group_is_on_both_sides_and_every_recording_is_tested_once(
        self, entries: list[Entry], group: Group, folds: int
    ) -> None:
        try:
            assigned = assign_folds(entries, group, folds, seed=1)
        except DatasetError:
            reject()
        assert len(assigned) == len(entries)
        assert set(assigned) == set(range(max(assigned) + 1))
        assert group == "source" or max(assigned) < folds
        assert parted(entries, assigned, group) == []
        for fold in set(assigned):
            learnt = {e.label for e, home in zip(entries, assigned, strict=True) if home != fold}
            assert learnt == set(CLASSES)

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


class TestLeaveOneSourceOut:
    ENTRIES = (
        *(entry(n, "healthy", f"h{n}", "14") for n in range(8)),
        *(entry(10 + n, CLASSES[n % 3], f"m{n}", "18") for n in range(9)),
        *(entry(20 + n, "covid19", "one patient", "17") for n in range(MIN_SOURCE_RECORDINGS)),
        entry(30, "pneumonia", "p", "45"),
        entry(31, "covid19", "q", "46"),
    )

    def test_each_source_of_some_size_is_tested_alone_and_the_small_ones_together(self) -> None:
        assigned = assign_folds(self.ENTRIES, "source", 5, seed=1)
        homes = {each.source: fold for each, fold in zip(self.ENTRIES, assigned, strict=True)}
        assert sorted(homes.values()) == [0, 1, 2, 3, 3]
        assert homes["45"] == homes["46"] == 3

    def test_neither_the_seed_nor_the_number_of_folds_matters(self) -> None:
        found = {
            tuple(assign_folds(self.ENTRIES, "source", n, seed)) for n in (2, 5) for seed in (1, 2)
        }
        assert len(found) == 1

    def test_recordings_from_nowhere_known_are_not_one_source(self) -> None:
        unknown = [entry(40 + n, "healthy", f"u{n}", "") for n in range(MIN_SOURCE_RECORDINGS)]
        assigned = assign_folds([*self.ENTRIES, *unknown], "source", 5, seed=1)
        # Each is a small source of its own, so they share the fold of small ones.
        assert set(assigned[-MIN_SOURCE_RECORDINGS:]) == {assigned[len(self.ENTRIES) - 1]}

    def test_one_source_cannot_be_held_out(self) -> None:
        entries = [entry(n, CLASSES[n % 3], source="7") for n in range(30)]
        with pytest.raises(DatasetError, match="needs two of them"):
            assign_folds(entries, "source", 5, seed=1)

    def test_a_source_that_alone_shows_a_class_cannot_be_held_out(self) -> None:
        entries = [each for each in self.ENTRIES if each.source in ("14", "17", "45")]
        with pytest.raises(DatasetError, match=r"Without source 14 no recordings of healthy"):
            assign_folds(entries, "source", 5, seed=1)


class TestValidationPart:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    @given(datasets(), GROUPS, st.data())
    def test_is_of_the_training_part_and_parts_no_group(
        self, entries: list[Entry], group: Group, data: st.DataObject
    ) -> None:
        used = data.draw(st.sets(st.integers(0, len(entries) - 1), min_size=2))
        try:
            held, kept = validation_split(entries, used, group, 0.2, [1, 2])
        except DatasetError:
            reject()
        assert set(held) < used
        mine = sorted(used)
        assert parted([entries[n] for n in mine], [n in held for n in mine], kept) == []
        classes = {entries[n].label for n in used}
        assert {entries[n].label for n in held} == classes
        assert {entries[n].label for n in used - set(held)} == classes

    def test_knows_nothing_of_the_rest(self) -> None:
        entries = [entry(n, CLASSES[n % 3], f"p{n // 2}") for n in range(40)]
        used = range(10, 40)
        changed = [entry(900 + n, "healthy", "x", "y") for n in range(10)] + entries[10:]
        assert validation_split(entries, used, "patient", 0.2, [1]) == validation_split(
            changed, used, "patient", 0.2, [1]
        )

    def test_holds_about_its_share_of_each_class(self) -> None:
        labels = ["covid19"] * 20 + ["pneumonia"] * 40 + ["healthy"] * 60
        entries = [entry(n, label) for n, label in enumerate(labels)]
        held, kept = validation_split(entries, range(120), "recording", 0.15, [1])
        assert kept == "recording"
        assert Counter(entries[n].label for n in held) == {
            "covid19": 3,
            "pneumonia": 6,
            "healthy": 9,
        }

    def test_takes_whole_patients_where_no_whole_sources_will_do(self) -> None:
        entries = [entry(n, label, f"p{n}", f"of {label}") for n, label in enumerate(CLASSES * 5)]
        _, kept = validation_split(entries, range(15), "source", 0.2, [1])
        assert kept == "patient"

    def test_a_class_with_one_recording_is_refused(self) -> None:
        entries = [entry(n, label) for n, label in enumerate([*CLASSES, "covid19", "healthy"])]
        with pytest.raises(DatasetError, match="fixed number of epochs"):
            validation_split(entries, range(5), "patient", 0.2, [1])
