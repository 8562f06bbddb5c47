"""Whatever becomes known in whatever order, no patient and no copy is learnt from and tested on."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.releases import repository, service
from backend.releases.folds import FOLDS, Member, Place, assign_folds, copies, patient_key
from backend.releases.grouping import left_out_today
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState
from tests.factories_contributions import create_contribution
from tests.factories_releases import create_item, create_release

LABELS = ("covid19", "pneumonia", "healthy")


def look(number: int) -> str:
    """A hash that is far from that of every other number."""
    return f"{random.Random(number).getrandbits(64):016x}"


def member(number: int, patient: str | None = None, fold: int | None = None) -> Member:
    return Member(UUID(int=number), LABELS[number % 3], patient, frozenset(), fold)


def nothing() -> list[Counter[str]]:
    return [Counter() for _ in range(FOLDS)]


class TestSettle:
    def test_a_patient_s_recordings_share_a_fold(self) -> None:
        found = assign_folds([member(n, f"patient {n % 4}") for n in range(12)], {}, nothing())
        for patient in range(4):
            assert len({found[UUID(int=n)].fold for n in range(patient, 12, 4)}) == 1
        assert not any(each.left_out for each in found.values())

    def test_what_was_released_keeps_its_fold_and_the_few_are_left_out(self) -> None:
        known = [member(0, "p", 2), member(1, "p", 4), member(2, "p", 4), member(3, "p")]
        found = assign_folds(known, {patient_key("p"): 2}, nothing())
        assert [found[each.id] for each in known] == [
            Place(2, 4),
            Place(4, 4),
            Place(4, 4),
            Place(4, 4),
        ]
        assert [found[each.id].left_out for each in known] == [True, False, False, False]

    def test_a_copy_ties_two_patients(self) -> None:
        one, other = member(0, "p", 1), member(1, "q")
        found = assign_folds([one, replace(other, copies=frozenset({one.id}))], {}, nothing())
        assert found[other.id] == Place(1, 1)

    def test_a_patient_who_was_given_a_fold_by_a_release_that_failed_keeps_it(self) -> None:
        found = assign_folds([member(0, "p")], {patient_key("p"): 3}, nothing())
        assert found[UUID(int=0)] == Place(3, 3)


def uploaded(session: Session, number: int, **changes: Any) -> Contribution:
    values: dict[str, Any] = {
        "fingerprints": [look(number)],
        "patient_hash": None,
        "state": "approved",
    }
    return create_contribution(session, **values | changes)


class TestCopies:
    def test_are_what_looks_alike_and_what_has_the_same_bytes(self, database: Database) -> None:
        with database.write() as session:
            one, near, same, other = (
                uploaded(session, 1, sha256="a" * 64),
                uploaded(session, 1, sha256="b" * 64),
                uploaded(session, 2, sha256="a" * 64),
                uploaded(session, 3, sha256="c" * 64),
            )
            found = copies([one, near, same, other], {})
            assert found == {
                one.id: {near.id, same.id},
                near.id: {one.id},
                same.id: {one.id},
                other.id: set(),
            }
            again = copies([one, near, same, other], {one.id: [near.id], near.id: [one.id]})
            assert again == found, "what was compared before is compared with the new ones"


@dataclass
class World:
    """Recordings as they become known, and what was released of them."""

    members: dict[UUID, Member] = field(default_factory=dict)
    assigned: dict[str, int] = field(default_factory=dict)

    def release(self, ids: Iterable[UUID]) -> dict[UUID, Place]:
        chosen = [self.members[each] for each in ids]
        taken = nothing()
        for each in chosen:
            if each.fold is not None:
                taken[each.fold][each.label] += 1
        found = assign_folds(chosen, self.assigned, taken)
        for each in chosen:
            self.assigned.setdefault(each.key, found[each.id].home)
            self.members[each.id] = replace(each, fold=found[each.id].fold)
        return found


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_order_of_releases_and_discoveries_parts_a_patient_or_a_copy(
    data: st.DataObject,
) -> None:
    """Recordings come, are tied to patients and to one another, leave and return, as drawn."""
    world, number = World(), data.draw(st.integers(2, 12))
    ids = [UUID(int=n) for n in range(number)]
    world.members = {each: member(n) for n, each in enumerate(ids)}
    for _ in range(data.draw(st.integers(1, 5))):
        for one in data.draw(st.lists(st.sampled_from(ids), max_size=4)):
            patient = data.draw(st.sampled_from([None, "p", "q", "r"]))
            world.members[one] = replace(world.members[one], patient=patient)
        for one, other in data.draw(st.lists(st.tuples(*[st.sampled_from(ids)] * 2), max_size=2)):
            mine = world.members[one]
            world.members[one] = replace(mine, copies=mine.copies | {other} - {one})
        chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        before = {each: world.members[each].fold for each in chosen}
        found = world.release(chosen)
        for one in chosen:
            assert before[one] in (None, found[one].fold), "a released fold stays"
            assert before[one] is not None or not found[one].left_out
        assert_apart({each: world.members[each] for each in chosen}, found)


def assert_apart(members: Mapping[UUID, Member], places: Mapping[UUID, Place]) -> None:
    """No model that learns from a recording is tested on its patient or on a copy of it."""
    used = [each for each in members.values() if not places[each.id].left_out]
    for one in used:
        for other in used:
            tied = one.key == other.key or other.id in one.copies or one.id in other.copies
            assert not tied or places[one.id].fold == places[other.id].fold


class TestReleases:
    """The same through the rows of releases."""

    @pytest.fixture
    def session(self, database: Database) -> Iterable[Session]:
        with database.write() as session:
            yield session

    @staticmethod
    def ready(session: Session, number: int, **changes: Any) -> Contribution:
        values: dict[str, Any] = {
            "final_label": LABELS[number % 3],
            "deidentify_state": "done",
            "pixels_key": f"dataset/{number}/recording.mp4",
        }
        return uploaded(session, number, **values | changes)

    @staticmethod
    def make(session: Session) -> dict[UUID, tuple[int, bool]]:
        """Make a release and end it; of each recording its fold, and whether it is left out."""
        release = service.create(session, None, "")
        release.state = JobState.DONE
        session.flush()
        return {
            item.contribution_id: (item.fold, item.left_out)
            for item in repository.items(session, release.number)
        }

    def test_a_patient_who_becomes_known_later_is_tested_in_one_fold(
        self, session: Session
    ) -> None:
        some = [self.ready(session, n) for n in range(6)]
        first = self.make(session)
        one, other = some[0], next(e for e in some if first[e.id][0] != first[some[0].id][0])
        one.patient_hash = other.patient_hash = "9" * 64
        late = self.ready(session, 6, patient_hash="9" * 64)
        session.flush()

        assert set(left_out_today(session, 1)) < {one.id, other.id}
        second = self.make(session)

        assert {each: second[each][0] for each in first} == {e: f for e, (f, _) in first.items()}
        (left_out,) = [each for each, (_, out) in second.items() if out]
        stays = other if left_out == one.id else one
        assert second[late.id] == second[stays.id] == (first[stays.id][0], False)
        assert repository.figures(session, 2)[0].left_out == 1
        numbers = {
            item.row["Patient ID / Name"]
            for item in repository.items(session, 2)
            if item.contribution_id in (one.id, other.id, late.id)
        }
        assert len(numbers) == 1
        assert numbers != {""}
        assert left_out_today(session, 2) == [left_out]

    def test_a_copy_joins_the_groups_of_two_patients(self, session: Session) -> None:
        some = [self.ready(session, n, patient_hash=f"{n}" * 64) for n in range(6)]
        first = self.make(session)
        one, other = some[0], next(e for e in some if first[e.id][0] != first[some[0].id][0])
        bridge = self.ready(session, 9, sha256=one.sha256)
        bridge.fingerprints = list(other.fingerprints)
        session.flush()
        second = self.make(session)
        assert sum(out for _, out in second.values()) == 1
        kept = one if second[other.id][1] else other
        assert second[bridge.id] == (first[kept.id][0], False)

    def test_one_left_out_for_a_recording_that_is_withdrawn_counts_again(
        self, session: Session
    ) -> None:
        some = [self.ready(session, n) for n in range(6)]
        first = self.make(session)
        one, other = some[0], next(e for e in some if first[e.id][0] != first[some[0].id][0])
        one.patient_hash = other.patient_hash = "9" * 64
        session.flush()
        (left_out,) = [each for each, (_, out) in self.make(session).items() if out]
        kept = other if left_out == one.id else one
        kept.state = ContributionState.WITHDRAWN
        session.flush()
        assert self.make(session)[left_out] == (first[left_out][0], False)

    def test_copies_in_a_release_of_before_they_were_looked_for_are_found(
        self, session: Session
    ) -> None:
        one, other = self.ready(session, 0), self.ready(session, 0)
        release = create_release(session, 1)
        row = {"License": "CC0 1.0", "Date added": "01.03.26", "First release": "1"}
        create_item(session, release, one, fold=0, row=row)
        create_item(session, release, other, fold=3, row=row)
        assert left_out_today(session, 1) == [other.id]
        assert {out for _, out in self.make(session).values()} == {False, True}
