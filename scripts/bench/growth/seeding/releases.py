"""Releases, and the contributions in them."""

from typing import Any

from backend.releases.metadata import metadata_row
from backend.storage import keys
from backend.tables import Contribution, Submission, User
from backend.tables.releases import Difference, Summary
from backend.tables.vocabulary import ContributionState, Finding, JobState, Label, Licence, Probe
from scripts.bench.growth.seeding.batch import Batch
from scripts.bench.growth.seeding.context import SAMPLE, SOURCES, Context
from scripts.bench.growth.seeding.installation import BIG_RELEASE, SMALL_RELEASES


def seed(context: Context) -> None:
    """Insert the releases, without what is in them, and one that waits."""
    nothing = Summary(recordings=0, frames=0, patients=0, classes=[], licences={})
    unchanged = Difference(since=None, added=[], withdrawn=[], relabelled=[], corrected=[])
    done = [{"number": number} for number in range(1, BIG_RELEASE + 1)]
    ended = context.ago(days=1)
    context.insert(
        "releases", done, state=JobState.DONE, created_at=ended, finished_at=ended,
        summary=nothing, diff=unchanged,
    )  # fmt: skip
    waits = {"number": BIG_RELEASE + 1, "notified_at": context.later}
    context.insert("releases", [waits], created_at=context.now, summary=None)


class ReleaseItems:
    """What is in the releases, with the patients' folds and reports of a wrong label."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.patients = dict[str, int]()
        self.items = 0
        self.rows = dict[tuple[Label, Probe, str], dict[str, str]]()

    def add(self, batch: Batch, row: dict[str, Any]) -> None:
        """Add a contribution that was approved once to the large release, some to a small one."""
        self.items += 1
        group = f"patient:{row['patient_hash']}"
        fold = int(row["patient_hash"][:8], 16) % 5
        if group not in self.patients:
            self.patients[group] = len(self.patients) + 1
            batch.fold_assignments.append(
                {
                    "group_key": group,
                    "number": self.patients[group],
                    "fold": fold,
                    "assigned_in": 1,
                }
            )
        item = {
            "release_number": BIG_RELEASE,
            "contribution_id": row["id"],
            "group_key": group,
            "fold": fold,
            "copies": [],
            "left_out": False,
            "removed": row["state"] is ContributionState.WITHDRAWN,
            "label": row["label"],
            "probe": row["probe"],
            "row": {
                **self._metadata(row["label"], row["probe"], row["kind"]),
                "Filename": str(row["id"]),
                "Patient ID / Name": str(self.patients[group]),
            },
            "files": _files(row),
        }
        batch.release_items.append(item)
        if self.items <= 20 * SMALL_RELEASES:
            number = (self.items - 1) % SMALL_RELEASES + 1
            batch.release_items.append({**item, "release_number": number})
        if self.items % 100 == 0:
            batch.label_reports.append(
                {
                    "id": self.context.id(),
                    "contribution_id": row["id"],
                    "release_number": BIG_RELEASE,
                    "client": row["id"].hex,
                    "label": Label.OTHER,
                    "message": "This looks healthy.",
                    "created_at": self.context.ago(days=1),
                    "closed_at": self.context.now,
                }
            )
        if row["state"] is ContributionState.APPROVED and self.items < SAMPLE:
            self.context.made.stored += [
                row["preview_key"],
                row["deidentified_key"],
                keys.dataset_frame_key(row["id"], 0),
                item["files"]["recording"]["key"],
            ]

    def _metadata(self, label: Label, probe: Probe, kind: str) -> dict[str, str]:
        if (label, probe, kind) not in self.rows:
            contribution = Contribution(
                id=self.context.admin,
                kind=kind,
                final_label=label,
                licence=Licence.CC_BY,
                probe=probe,
                source=SOURCES[0],
                final_findings={Finding.B_LINES: True},
                symptoms=[],
                md_comment="B-lines on the right",
                submission=Submission(contributor=User(affiliation="")),
            )
            row = metadata_row(contribution, None, self.context.now, BIG_RELEASE)
            self.rows[label, probe, kind] = row
        return self.rows[label, probe, kind]


def _files(row: dict[str, Any]) -> dict[str, Any]:
    """The files of a released recording, of a size that real ones have."""
    stem = f"pocus_{row['kind']}s/{row['probe'].value}/{row['id']}"
    frames = range(row["sampled_frames"])
    return {
        "recording": _file(row, f"{stem}.{row['format']}", 400_000 if len(frames) > 1 else 90_000),
        "frames": [_file(row, f"frames/{row['id']}/{n}.png", 90_000 + n) for n in frames],
    }


def _file(row: dict[str, Any], path: str, size: int) -> dict[str, Any]:
    sha256 = f"{size:08x}{row['sha256'][8:]}"
    return {
        "path": path,
        "key": keys.published_key(row["id"], sha256, f".{path.rpartition('.')[2]}"),
        "bytes": size,
        "sha256": sha256,
        "crc32": int(sha256[8:16], 16),
    }
