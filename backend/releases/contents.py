"""The statistics of a release, and its difference to the previous one."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from backend.tables.releases import (
    ClassCounts,
    Counts,
    Difference,
    MetadataRow,
    Relabelled,
    Summary,
)
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
    row: MetadataRow
    left_out: bool


class Tally:
    """Counts recordings one after another, as in the paper's Table 1."""

    def __init__(self) -> None:
        self._recordings: Counter[tuple[Label, Probe, str]] = Counter()
        self._frames: Counter[tuple[Label, Probe]] = Counter()
        self._licences: Counter[str] = Counter()
        self._patients: set[str] = set()
        self._left_out = 0

    def counted(self, contents: Iterable[Content]) -> Iterator[Content]:
        """The same recordings; each is counted when it is asked for."""
        for content in contents:
            self._recordings[content.label, content.probe, content.kind] += 1
            self._frames[content.label, content.probe] += content.frames
            self._licences[content.row["License"]] += 1
            self._left_out += content.left_out
            if content.group.startswith("patient:"):
                self._patients.add(content.group)
            yield content

    def summary(self) -> Summary:
        """What was counted: videos, images and frames by class and probe, and more."""
        return Summary(
            recordings=self._recordings.total(),
            frames=self._frames.total(),
            patients=len(self._patients),
            left_out=self._left_out,
            classes=[
                ClassCounts(
                    label=label,
                    convex=self._counts(label, Probe.CONVEX),
                    linear=self._counts(label, Probe.LINEAR),
                )
                for label in Label
            ],
            licences=dict(sorted(self._licences.items())),
        )

    def _counts(self, label: Label, probe: Probe) -> Counts:
        return Counts(
            videos=self._recordings[label, probe, "video"],
            images=self._recordings[label, probe, "image"],
            frames=self._frames[label, probe],
        )


def difference(
    before: Iterable[Content], after: Iterable[Content], since: int | None
) -> Difference:
    """What was added, removed, relabelled or otherwise corrected since release `since`.

    Args:
        before: the recordings of that release, by ascending id.
        after: those of the release that is compared with it, by ascending id.
        since: the release's number.
    """
    diff = Difference(since=since, added=[], withdrawn=[], relabelled=[], corrected=[])
    old = ((content.id, 0, content) for content in before)
    new = ((content.id, 1, content) for content in after)
    merged = heapq.merge(old, new, key=itemgetter(0, 1))
    for id_, found in groupby(merged, key=itemgetter(0)):
        versions = [(place, content) for _, place, content in found]
        if len(versions) == 1:
            (diff.added if versions[0][0] else diff.withdrawn).append(id_)
            continue
        (_, one), (_, other) = versions
        if one.label != other.label:
            diff.relabelled.append(Relabelled(id=id_, before=one.label, after=other.label))
        if _metadata(one) != _metadata(other):
            diff.corrected.append(id_)
    return diff


def is_unchanged(diff: Difference) -> bool:
    """Whether nothing was added, removed or changed."""
    return not (diff.added or diff.withdrawn or diff.relabelled or diff.corrected)


def _metadata(content: Content) -> dict[str, str | bool]:
    """The row without the label, and whether the recording is left out."""
    columns = {name: cell for name, cell in content.row.items() if name not in _NOT_COMPARED}
    return {**columns, "left_out": content.left_out}
