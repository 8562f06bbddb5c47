"""Counts of recordings, and the difference between two releases, one recording after another."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.releases.contents import Content, Tally, difference
from backend.tables.releases import Counts, Difference, Relabelled
from backend.tables.vocabulary import Label, Probe

ROW = {"License": "CC0 1.0", "Label": "regular"}


def content(number: int, **changes: Any) -> Content:
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "group": f"recording:{number}",
        "label": Label.HEALTHY,
        "probe": Probe.CONVEX,
        "kind": "video",
        "frames": 3,
        "row": ROW,
        "left_out": False,
    }
    return Content(**values | changes)


def test_recordings_are_counted_as_in_the_papers_table_1() -> None:
    tally = Tally()
    contents = [
        content(1, group="patient:a"),
        content(2, group="patient:a", kind="image", frames=1),
        content(3, probe=Probe.LINEAR, row=ROW | {"License": "CC BY 4.0"}, left_out=True),
        content(4, label=Label.VIRAL, group="patient:b"),
    ]
    assert list(tally.counted(contents)) == contents
    summary = tally.summary()
    assert (summary.recordings, summary.frames, summary.patients) == (4, 10, 2)
    assert summary.left_out == 1
    assert list(summary.licences.items()) == [("CC BY 4.0", 1), ("CC0 1.0", 3)]
    counts = {class_.label: (class_.convex, class_.linear) for class_ in summary.classes}
    none = Counts(videos=0, images=0, frames=0)
    assert counts[Label.HEALTHY] == (
        Counts(videos=1, images=1, frames=4),
        Counts(videos=1, images=0, frames=3),
    )
    assert counts[Label.VIRAL] == (Counts(videos=1, images=0, frames=3), none)
    assert counts[Label.COVID19] == (none, none)


VERSIONS = st.dictionaries(
    st.integers(1, 9),
    st.tuples(st.sampled_from([Label.HEALTHY, Label.VIRAL]), st.booleans(), st.integers(0, 1)),
)


@given(VERSIONS, VERSIONS)
def test_the_difference_is_that_of_the_sets(before: dict[int, Any], after: dict[int, Any]) -> None:
    def contents(versions: dict[int, Any]) -> list[Content]:
        return [
            content(number, label=label, left_out=left_out, row=ROW | {"Label": label, "Age": age})
            for number, (label, left_out, age) in sorted(versions.items())
        ]

    both = sorted(before.keys() & after.keys())
    assert difference(contents(before), contents(after), 4) == Difference(
        since=4,
        added=[UUID(int=n) for n in sorted(after.keys() - before.keys())],
        withdrawn=[UUID(int=n) for n in sorted(before.keys() - after.keys())],
        relabelled=[
            Relabelled(id=UUID(int=n), before=before[n][0], after=after[n][0])
            for n in both
            if before[n][0] != after[n][0]
        ],
        corrected=[UUID(int=n) for n in both if before[n][1:] != after[n][1:]],
    )
