"""What is in a release, in numbers, and what has changed since the one before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.tables.releases import ClassCounts, Counts, Difference, Relabelled, Summary
from backend.tables.vocabulary import Label, Probe

_NOT_COMPARED = {"Label", "Healthy"}


@dataclass(frozen=True, slots=True)
class Content:
    """One recording in a release, as far as it is counted and compared.

    `frames` is how many sampled frames there are of it, `row` its row in the table; `left_out` says
    that no model may learn from it, see `backend.releases.folds`.
    """

    id: UUID
    group: str
    label: Label
    probe: Probe
    kind: str
    frames: int
    row: dict[str, Any]
    left_out: bool


def summary(contents: Sequence[Content]) -> Summary:
    """Counts as in the paper's Table 1: for each class, videos, images and frames by probe."""
    return Summary(
        recordings=len(contents),
        frames=sum(each.frames for each in contents),
        patients=len({each.group for each in contents if each.group.startswith("patient:")}),
        left_out=sum(each.left_out for each in contents),
        classes=[
            ClassCounts(
                label=label,
                convex=_counts(contents, label, Probe.CONVEX),
                linear=_counts(contents, label, Probe.LINEAR),
            )
            for label in Label
        ],
        licences={
            licence: sum(each.row["License"] == licence for each in contents)
            for licence in sorted({each.row["License"] for each in contents})
        },
    )


def _counts(contents: Iterable[Content], label: Label, probe: Probe) -> Counts:
    mine = [each for each in contents if (each.label, each.probe) == (label, probe)]
    return Counts(
        videos=sum(each.kind == "video" for each in mine),
        images=sum(each.kind == "image" for each in mine),
        frames=sum(each.frames for each in mine),
    )


def difference(
    before: Sequence[Content], after: Sequence[Content], since: int | None
) -> Difference:
    """What came, what left, and whose label or other words changed since release `since`."""
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    both = sorted(old.keys() & new.keys())
    return Difference(
        since=since,
        added=sorted(new.keys() - old.keys()),
        withdrawn=sorted(old.keys() - new.keys()),
        relabelled=[
            Relabelled(id=each, before=old[each].label, after=new[each].label)
            for each in both
            if old[each].label != new[each].label
        ],
        corrected=[each for each in both if _words(old[each]) != _words(new[each])],
    )


def is_unchanged(diff: Difference) -> bool:
    """Whether nothing came, left or changed."""
    return not (diff.added or diff.withdrawn or diff.relabelled or diff.corrected)


def _words(content: Content) -> dict[str, Any]:
    """What a row says beside the label, and whether it counts."""
    said = {name: each for name, each in content.row.items() if name not in _NOT_COMPARED}
    return said | {"left_out": content.left_out}
