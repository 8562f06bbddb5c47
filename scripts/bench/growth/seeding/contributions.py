"""Contributions with their submissions and uploads, and what follows from them."""

import hashlib
import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend.storage import keys
from backend.tables.vocabulary import (
    ContributionState,
    Finding,
    JobState,
    Label,
    Licence,
    Probe,
    UploadState,
)
from models.data import fingerprint
from scripts.bench.growth.seeding.batch import Batch
from scripts.bench.growth.seeding.context import DAYS, SOURCES, Context
from scripts.bench.growth.seeding.installation import OLD_EVENTS
from scripts.bench.growth.seeding.releases import ReleaseItems
from scripts.bench.growth.seeding.reviews import Reviews

LARGEST_SUBMISSION = 240
HASHES = 8
BATCH = 5000
"""Contributions whose rows are made and inserted together."""

_COMMON = 0xD5A3_96C1_7B2E_4F08
_STATES = (
    (0.92, ContributionState.APPROVED),
    (0.97, ContributionState.REJECTED),
    (0.99, ContributionState.WITHDRAWN),
    (1.0, ContributionState.CHANGES_REQUESTED),
)
_DECIDED = 0.9
"""This share of the contributions is decided, the oldest; what was submitted later waits."""

_ACTIONS = ("contributions.submitted", "reviews.claimed", "reviews.submitted")
_LABELS = (Label.COVID19, Label.PNEUMONIA, Label.HEALTHY, Label.VIRAL)


class Contributions:
    """All submissions: the oldest with 240 recordings, small and large ones, and a draft of 240."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.reviews = Reviews(context)
        self.release_items = ReleaseItems(context)
        self.largest = min(LARGEST_SUBMISSION, max(context.size // 3, 1))
        self.uploads = self.pending = 0
        self.latest = dict[str, Any]()
        """The contribution that was submitted last."""

    def seed(self) -> None:
        """Insert all of them, a batch at a time."""
        sizes = [self.largest, *self._sizes(self.context.size - 2 * self.largest), self.largest]
        batch = Batch()
        for place, recordings in enumerate(sizes):
            last = place == len(sizes) - 1
            at = self.context.ago(days=2 + DAYS * (1 - place / len(sizes)))
            self._submission(batch, place, recordings, at, draft=last)
            if last or len(batch.contributions) >= BATCH:
                batch.insert(self.context)
                batch = Batch()
        self.reviews.insert_numbers()

    def _submission(
        self, batch: Batch, place: int, recordings: int, at: datetime, *, draft: bool
    ) -> None:
        first = place == 0
        own = first or draft or place % 10 == 0
        contributor = (
            self.context.contributors[0]
            if own
            else self.context.random.choice(self.context.contributors)
        )
        submission = self.context.id()
        names = [f"ward/{number:03}.mp4" for number in range(recordings)]
        batch.submissions.append(
            {
                "id": submission,
                "contributor_id": contributor,
                "title": f"Clinic {place}",
                "defaults": {},
                "manifest": {
                    f"{submission.hex[:24]}{line:08x}": {
                        "table": "list.csv",
                        "within": "",
                        "line": line,
                        "file_name": name,
                        "values": {"label": "covid19"},
                        "refused": [],
                    }
                    for line, name in enumerate(names, 2)
                }
                if first or draft
                else {},
                "consent_at": None if draft else at,
                "created_at": at,
                "touched_at": self.context.now if draft else at,
                "submitted_at": None if draft else at,
            }
        )
        for number, name in enumerate(names):
            sent_at = at + timedelta(seconds=number)
            state = ContributionState.DRAFT if draft else self._state()
            row = self._contribution(submission, sent_at, name, state)
            if number % 10 == 9:  # the same patient again: some look alike, a few are the same
                row["patient_hash"] = batch.contributions[-1]["patient_hash"]
                self._make_alike(batch, row, batch.contributions[-1:])
            if draft and number < 5:
                row["sha256"] = self.latest["sha256"]
                row["fingerprints"] = self.latest["fingerprints"]
            elif draft and number == 5:
                self._make_alike(batch, row, [self.latest, *batch.contributions[-number:]])
            self._follow(batch, row, contributor)
            if draft:
                self.context.made.drafted = row["id"]
            else:
                self.latest = row
            if first and state is ContributionState.APPROVED:
                self.context.made.contribution = row["id"]
            if row["cine"] and state is ContributionState.PENDING:
                self.context.made.pending = row["id"]
        if draft:
            self.context.made.draft = submission
        elif first:
            self.context.made.submission = submission

    def _sizes(self, left: int) -> Iterator[int]:
        """Numbers from 1 to 240, small ones more often, which sum up to `left`."""
        while left > 0:
            log = self.context.random.uniform(0, math.log(LARGEST_SUBMISSION + 1))
            size = min(left, LARGEST_SUBMISSION, int(math.exp(log)))
            yield size
            left -= size

    def _state(self) -> ContributionState:
        if self.uploads >= _DECIDED * (self.context.size - self.largest):
            return ContributionState.PENDING
        chance = self.context.random.random()
        return next(state for bound, state in _STATES if chance < bound)

    def _hashes(self) -> list[str]:
        """As those of real recordings: a third of the bits differs between any two, on average."""
        bits = self.context.random.getrandbits
        base = _COMMON ^ (bits(64) & bits(64))
        return [f"{base ^ (1 << bits(6)) ^ (1 << bits(6)):016x}" for _ in range(HASHES)]

    def _make_alike(
        self, batch: Batch, row: dict[str, Any], others: Sequence[dict[str, Any]]
    ) -> None:
        """Make it a near copy of others, which all have the same hashes."""
        row["fingerprints"] = [
            f"{int(hash_, 16) ^ (1 << self.context.random.getrandbits(6)):016x}"
            for hash_ in others[0]["fingerprints"]
        ]
        batch.near_copies += [
            {"contribution_id": one["id"], "other_id": other["id"]}
            for alike in others
            for one, other in ((row, alike), (alike, row))
        ]

    def _contribution(
        self, submission: UUID, at: datetime, name: str, state: ContributionState
    ) -> dict[str, Any]:
        id_ = self.context.id()
        sha256 = hashlib.sha256(id_.bytes).hexdigest()
        video = self.context.random.random() < 0.5
        label = (
            self.context.random.choice(_LABELS[:3])
            if self.context.random.random() < 0.95
            else _LABELS[3]
        )
        draft = state is ContributionState.DRAFT
        pending = state is ContributionState.PENDING
        approved = state is ContributionState.APPROVED
        open_ = draft or pending or state is ContributionState.CHANGES_REQUESTED
        prepared = None if draft or not open_ else JobState.DONE
        self.pending += pending
        if pending and self.pending % 50 == 1:
            prepared = JobState.QUEUED
        return {
            "id": id_,
            "submission_id": submission,
            "state": state,
            "created_at": at,
            "submitted_at": None if draft else at,
            "decided_at": None if draft or pending else at + timedelta(days=1),
            "withdrawn_at": self.context.ago(days=1)
            if state is ContributionState.WITHDRAWN
            else None,
            "file_name": name,
            "sha256": sha256,
            "original_key": keys.contribution_key(sha256, id_) if open_ else None,
            "preview_key": keys.contribution_preview_key(id_) if open_ or approved else None,
            "bytes": 400_000,
            "kind": "video" if video else "image",
            "format": "mp4" if video else "png",
            "media_type": "video/mp4" if video else "image/png",
            "width": 800,
            "height": 600,
            "duration_s": 5.0 if video else None,
            "frames": 100 if video else 1,
            "sampled_frames": 5 if video else 1,
            "square_x": 100,
            "square_y": 0,
            "square_size": 600,
            "fingerprints": self._hashes(),
            "label": label,
            "probe": Probe.LINEAR if self.context.random.random() < 0.02 else Probe.CONVEX,
            "licence": Licence.CC_BY,
            "source": self.context.random.choice(SOURCES),
            "patient_hash": hashlib.sha256(sha256[:9].encode()).hexdigest(),
            "findings": {Finding.B_LINES: True, Finding.EFFUSION: False},
            "previews_state": prepared,
            "previews_notified_at": None if prepared is None else self.context.later,
            "cine": {"times_s": [0.0, 0.5, 1.0], "width": 720, "height": 540}
            if prepared is JobState.DONE
            else None,
            "model_answer": None if draft else self.context.clip if video else self.context.still,
            "review_round": 1,
            "final_label": label if approved else None,
            "final_findings": {Finding.B_LINES: True} if approved else {},
            "md_comment": "B-lines on the right" if approved else "",
            "deidentify_state": self._deidentify(state),
            "deidentify_notified_at": self.context.later if approved else None,
            "deidentified_key": keys.deidentified_key(id_, "mp4") if approved else None,
            "pixels_key": keys.dataset_pixels_key(id_, "mp4") if approved else None,
            "pixels_sha256": sha256 if approved else None,
            "dataset_frames": (5 if video else 1) if approved else 0,
        }

    def _deidentify(self, state: ContributionState) -> JobState | None:
        if state is not ContributionState.APPROVED:
            return None
        return (
            JobState.QUEUED
            if self.context.random.random() < 10 / self.context.size
            else JobState.DONE
        )

    def _follow(self, batch: Batch, row: dict[str, Any], contributor: UUID) -> None:
        """The contribution and what follows from it: upload, reviews, its place in a release."""
        batch.contributions.append(row)
        batch.fingerprints += _fingerprints(row)
        self._upload(batch, row)
        if row["state"] is ContributionState.DRAFT:
            return
        readers = self.reviews.add(batch, row)
        for action, actor in zip(_ACTIONS, (contributor, *readers, *readers), strict=False):
            batch.audit_events.append(
                {
                    "at": row["submitted_at"],
                    "actor_id": actor,
                    "actor_role": "reviewer",
                    "action": action,
                    "feature": action.partition(".")[0],
                    "subject_kind": "contribution",
                    "subject_id": str(row["id"]),
                    "detail": {},
                    "request_id": row["id"].hex,
                }
            )
        if not self.context.made.old_events and len(batch.audit_events) > OLD_EVENTS:
            cursor = f"{row['submitted_at'].isoformat()} 0"
            self.context.made.old_events = urlsafe_b64encode(cursor.encode()).decode()
        if row["state"] in (ContributionState.APPROVED, ContributionState.WITHDRAWN):
            self.release_items.add(batch, row)

    def _upload(self, batch: Batch, row: dict[str, Any]) -> None:
        self.uploads += 1
        # The last ones of a draft are still on their way, the others are long through.
        late = row["state"] is ContributionState.DRAFT and self.uploads % 20 == 0
        batch.uploads.append(
            {
                "id": self.context.id(),
                "submission_id": row["submission_id"],
                "file_name": row["file_name"],
                "bytes": row["bytes"],
                "received": row["bytes"],
                "state": UploadState.QUEUED if late else UploadState.DONE,
                "notified_at": self.context.later if late else row["created_at"],
                "kind": "recording",
                "done": 1,
                "total": 1,
                "created_at": row["created_at"],
                "expires_at": row["created_at"] + timedelta(days=3),
                "queued_at": row["created_at"],
                "finished_at": None if late else row["created_at"],
                "contribution_id": None if late else row["id"],
            }
        )


def _fingerprints(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The hashes by which near copies are found (`backend.submissions.near_copies`)."""
    hashes = sorted(set(row["fingerprints"]))
    columns = fingerprint.to_int64(hashes).tolist(), fingerprint.bands(hashes).tolist()
    return [
        {
            "contribution_id": row["id"],
            "hash": number,
            "first_band": first,
            "second_band": second,
            "third_band": third,
        }
        for number, (first, second, third) in zip(*columns, strict=True)
    ]
