"""The statistics of a release, and its difference to the previous one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.tables.releases import ClassCounts, Counts, Difference, Relabelled, Summary
from backend.tables.vocabulary import Label, Probe

_NOT_COMPARED = {"Label", "Healthy"}


@dataclass(frozen=True, slots=True)
class Content:
    """One recording in a release, with what is counted and compared.

    `frames` is its number of sampled frames, `row` its row in the table; `left_out` says that it is
    excluded from training and testing, see `backend.releases.folds`.
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
    """Counts as in the paper's Table 1: videos, images and frames by class and probe."""
    return Summary(
        recordings=len(contents),
        frames=sum(content.frames for content in contents),
        patients=len(
            {content.group for content in contents if content.group.startswith("patient:")}
        ),
        left_out=sum(content.left_out for content in contents),
        classes=[
            ClassCounts(
                label=label,
                convex=_counts(contents, label, Probe.CONVEX),
                linear=_counts(contents, label, Probe.LINEAR),
            )
            for label in Label
        ],
        licences={
            licence: sum(content.row["License"] == licence for content in contents)
            for licence in sorted({content.row["License"] for content in contents})
        },
    )


def _counts(contents: Iterable[Content], label: Label, probe: Probe) -> Counts:
    matching = [content for content in contents if (content.label, content.probe) == (label, probe)]
    return Counts(
        videos=sum(content.kind == "video" for content in matching),
        images=sum(content.kind == "image" for content in matching),
        frames=sum(content.frames for content in matching),
    )


def difference(
    before: Sequence[Content], after: Sequence[Content], since: int | None
) -> Difference:
    """What was added, removed, relabelled or otherwise corrected since release `since`."""
    old = {content.id: content for content in before}
    new = {content.id: content for content in after}
    both = sorted(old.keys() & new.keys())
    return Difference(
        since=since,
        added=sorted(new.keys() - old.keys()),
        withdrawn=sorted(old.keys() - new.keys()),
        relabelled=[
            Relabelled(id=id_, before=old[id_].label, after=new[id_].label)
            for id_ in both
            if old[id_].label != new[id_].label
        ],
        corrected=[id_ for id_ in both if _metadata(old[id_]) != _metadata(new[id_])],
    )


def is_unchanged(diff: Difference) -> bool:
    """Whether nothing was added, removed or changed."""
    return not (diff.added or diff.withdrawn or diff.relabelled or diff.corrected)


def _metadata(content: Content) -> dict[str, Any]:
    """The row without the label, and whether the recording is left out."""
    columns = {name: value for name, value in content.row.items() if name not in _NOT_COMPARED}
    return columns | {"left_out": content.left_out}
