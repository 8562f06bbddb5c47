"""Submissions and contributions as the API returns them to their contributor."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.recordings.schemas import Crop
from backend.recordings.text_boxes import to_text_boxes
from backend.submissions import fields
from backend.submissions.schemas import ContributionOut, FieldsOut, ReviewerComment, SubmissionOut
from backend.tables import Contribution, Review, Submission
from backend.tables.contributions import FieldValues
from backend.tables.vocabulary import ContributionState, UploadState
from models.contract import Square

PATH = "/api/v1/contributions"


def submission_to_schema(
    submission: Submission,
    states: Mapping[ContributionState, int],
    files: Mapping[UploadState, int],
) -> SubmissionOut:
    """A submission with the number of contributions and files in each state."""
    return SubmissionOut(
        id=submission.id,
        title=submission.title,
        state="draft" if submission.submitted_at is None else "submitted",
        defaults=FieldsOut.model_validate(_to_fields(submission.defaults)),
        contributions=sum(states.values()),
        states=dict(states),
        files={state: files.get(state, 0) for state in UploadState},
        created_at=submission.created_at,
        touched_at=submission.touched_at,
        consent_at=submission.consent_at,
        submitted_at=submission.submitted_at,
    )


def contribution_to_schema(
    contribution: Contribution, defaults: FieldValues, reviews: Sequence[Review]
) -> ContributionOut:
    """A contribution with its effective fields and the reviewers' comments."""
    inherited = fields.from_defaults(contribution, defaults)
    preview = contribution.preview_key is not None
    return ContributionOut.model_validate(
        {
            **_to_fields(fields.effective(contribution, defaults)),
            "id": contribution.id,
            "submission_id": contribution.submission_id,
            "state": contribution.state,
            "file_name": contribution.file_name,
            "kind": contribution.kind,
            "format": contribution.format,
            "width": contribution.width,
            "height": contribution.height,
            "duration_s": contribution.duration_s,
            "frames": contribution.frames,
            "sampled_frames": contribution.sampled_frames,
            "bytes": contribution.bytes,
            "proposed_crop": Crop(
                x=contribution.square_x, y=contribution.square_y, size=contribution.square_size
            ),
            "depth_mm": contribution.depth_mm,
            "mm_per_pixel": contribution.mm_per_pixel,
            "notes": contribution.notes,
            "preview_url": f"{PATH}/{contribution.id}/preview.jpg" if preview else None,
            "text_boxes": to_text_boxes(
                contribution.text_boxes,
                Square(contribution.square_x, contribution.square_y, contribution.square_size),
            ),
            "fields_from_file": contribution.set_by_file,
            "fields_from": ["patient" if name == "patient_hash" else name for name in inherited],
            "reviewer_words": _comments(contribution, reviews),
            "final_label": (
                contribution.final_label
                if contribution.state == ContributionState.APPROVED
                else None
            ),
            "answer": contribution.answer_to_reviewer,
            "created_at": contribution.created_at,
            "submitted_at": contribution.submitted_at,
            "decided_at": contribution.decided_at,
            "withdrawn_at": contribution.withdrawn_at,
        }
    )


def _comments(contribution: Contribution, reviews: Sequence[Review]) -> list[ReviewerComment]:
    """The reviewers' comments, hidden while a second reader still has to review independently."""
    waiting = contribution.state == ContributionState.PENDING
    return [
        ReviewerComment.model_validate(
            {
                "verdict": review.verdict,
                "reason": review.reason,
                "comment": review.comment,
                "at": review.created_at,
            }
        )
        for review in reviews
        if not waiting or review.round < contribution.review_round
    ]


def _to_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    fields_out = {name: value for name, value in values.items() if value is not None}
    fields_out["has_patient"] = fields_out.pop("patient_hash", None) is not None
    return fields_out
