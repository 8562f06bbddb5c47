"""Recordings and verdicts as the API returns them to reviewers, without names."""

from collections.abc import Sequence
from datetime import datetime

from backend.recordings.schemas import Crop
from backend.recordings.text_boxes import to_text_boxes
from backend.reviews.repository import is_claimed
from backend.reviews.schemas import EarlierRound, Report, ReviewItem, ReviewOut
from backend.screenings.schemas import Result
from backend.tables import Contribution, LabelReport, Review, User
from backend.tables.vocabulary import JobState
from models.contract import Square

PATH = "/api/v1/contributions"


def to_review_item(
    contribution: Contribution,
    reviewer: User,
    now: datetime,
    earlier: Sequence[Review],
    reports: Sequence[LabelReport],
) -> ReviewItem:
    """A recording in review, without the current round's verdicts and the model's result."""
    claimed = is_claimed(contribution, now)
    return ReviewItem(
        id=contribution.id,
        state=contribution.state,
        kind="image" if contribution.kind == "image" else "video",
        width=contribution.width,
        height=contribution.height,
        duration_s=contribution.duration_s,
        frames=contribution.frames,
        proposed_crop=proposed_crop(contribution),
        depth_mm=contribution.depth_mm,
        mm_per_pixel=contribution.mm_per_pixel,
        notes=contribution.notes,
        preview_url=(f"{PATH}/{contribution.id}/preview.jpg" if contribution.preview_key else None),
        label=contribution.label,
        probe=contribution.probe,
        licence=contribution.licence,
        source=contribution.source,
        has_patient=contribution.patient_hash is not None,
        age_band=contribution.age_band,
        sex=contribution.sex,
        blue_point=contribution.blue_point,
        findings=contribution.findings,
        symptoms=contribution.symptoms,
        note=contribution.note,
        answer_to_reviewer=contribution.answer_to_reviewer,
        submitted_at=contribution.submitted_at,
        round=contribution.review_round,
        earlier_rounds=[_earlier(review) for review in earlier if _is_before(review, contribution)],
        reports=[
            _report(report) for report in reports if report.contribution_id == contribution.id
        ],
        standing_label=contribution.final_label if contribution.pixels_key else None,
        text_boxes=to_text_boxes(contribution.text_boxes, proposed_square(contribution)),
        trouble=contribution.deidentify_error,
        disputed=contribution.disputed,
        prepared=contribution.previews_state == JobState.DONE,
        claimed_until=contribution.claimed_until if claimed else None,
        claimed_by_me=claimed and contribution.claimed_by == reviewer.id,
    )


def to_review_out(review: Review, contribution: Contribution) -> ReviewOut:
    """A verdict for its reviewer, with the model's result unless it was undone."""
    answer = None if review.undone_at else contribution.model_answer
    return ReviewOut(
        id=review.id,
        contribution_id=review.contribution_id,
        verdict=review.verdict,
        reason=review.reason,
        label=review.label,
        findings=review.findings,
        square=None if review.square is None else Crop.of(review.square),
        trim_start_s=review.trim_start_s,
        trim_end_s=review.trim_end_s,
        comment=review.comment,
        round=review.round,
        reading=review.reading,
        claimed_at=review.claimed_at,
        created_at=review.created_at,
        undone_at=review.undone_at,
        model_answer=None if answer is None else Result.of(answer),
    )


def proposed_crop(contribution: Contribution) -> Crop:
    """The crop that the service proposes."""
    return Crop.of(proposed_square(contribution))


def proposed_square(contribution: Contribution) -> Square:
    """The square that the service proposes."""
    return Square(contribution.square_x, contribution.square_y, contribution.square_size)


def _is_before(review: Review, contribution: Contribution) -> bool:
    return review.contribution_id == contribution.id and review.round < contribution.review_round


def _earlier(review: Review) -> EarlierRound:
    return EarlierRound(
        verdict=review.verdict,
        reason=review.reason,
        comment=review.comment,
        at=review.created_at,
    )


def _report(report: LabelReport) -> Report:
    return Report(
        label=report.label,
        message=report.message,
        at=report.created_at,
    )
