"""Copies are found by bytes and by eye, and copies of copies are one set."""

import random
from dataclasses import replace

import pytest

from models.contract import Square
from models.data.duplicates import duplicate_groups, duplicates, with_duplicate_groups
from models.data.extraction import Facts
from models.data.folds import Group, assign_folds
from models.data.index import Original
from models.media.sampling import Probe
from tests.models.data.test_index import entry

PROBE = Probe("image", "png", "image/png", 64, 64, None, 1, 1, Square(0, 0, 64))
BLACK, NEARLY, WHITE = "0" * 16, "0" * 15 + "3", "f" * 16


def facts(*hashes: str) -> dict[str, Facts]:
    return {f"{n:064x}": Facts(PROBE, (each,)) for n, each in enumerate(hashes)}


ENTRIES = [entry(n, "healthy", f"patient {n // 2}") for n in range(4)]


def test_near_ones_are_found_and_far_ones_are_not() -> None:
    (pair,) = duplicates(ENTRIES, facts(BLACK, WHITE, NEARLY, "0f" * 8))
    assert (pair.one, pair.other, pair.bits) == (ENTRIES[0], ENTRIES[2], 2)
    assert not pair.exact
    assert pair.across_patients


def test_the_same_bytes_come_first_and_need_no_facts() -> None:
    copy = replace(ENTRIES[3], key="copy", sha256=ENTRIES[1].sha256)
    pairs = duplicates([*ENTRIES[:3], copy], facts(BLACK, WHITE, NEARLY))
    assert [(pair.exact, pair.bits) for pair in pairs] == [(True, 0), (False, 2)]
    (alone,) = duplicates([ENTRIES[1], copy], {})
    assert alone.exact


def test_copies_of_copies_are_of_one_set() -> None:
    pairs = duplicates(ENTRIES, facts("0" * 14 + "3f", BLACK, WHITE, "0" * 12 + "fc00"))
    assert len(pairs) == 2
    numbers = duplicate_groups(pairs)
    assert len({numbers[ENTRIES[n].sha256] for n in (0, 1, 3)}) == 1
    assert ENTRIES[2].sha256 not in numbers


@pytest.mark.parametrize("group", ["recording", "patient"])
def test_no_twin_is_on_both_sides_of_a_split(group: Group) -> None:
    """Pictures 0 and 1 of every class are one scene, filed under two patients."""
    labels = ("covid19", "pneumonia", "healthy")
    entries = [entry(n, labels[n % 3], f"patient {n}") for n in range(18)]
    hashes = [f"{random.Random(n).getrandbits(64):016x}" for n in range(18)]
    hashes[3:6] = hashes[:3]
    named = with_duplicate_groups(entries, facts(*hashes))
    assert [each.duplicate_group for each in named[:3]] == [
        each.duplicate_group for each in named[3:6]
    ]
    assert len({each.duplicate_group for each in named[:3]} - {""}) == 3
    for seed in range(10):
        folds = assign_folds(named, group, 3, seed)
        assert folds[:3] == folds[3:6]


def test_copies_under_another_label_are_twins_as_well() -> None:
    """Whichever of the labels is wrong, the one cannot test what has learnt the other."""
    some = [entry(0, "healthy"), entry(1, "covid19")]
    one, other = with_duplicate_groups(some, facts(BLACK, NEARLY))
    assert one.duplicate_group == other.duplicate_group != ""


def test_two_cuts_of_one_original_are_twins_however_they_look() -> None:
    original = Original("f" * 64, ())
    some = [replace(entry(n, "healthy"), original=original) for n in range(2)]
    one, other = with_duplicate_groups(some, facts(BLACK, WHITE))
    assert one.duplicate_group == other.duplicate_group != ""
