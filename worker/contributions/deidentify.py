"""De-identification: an approved recording becomes pixels of the dataset; its original goes."""

from pathlib import Path
from typing import TypedDict

from backend.jobs.kinds import DEIDENTIFICATION
from backend.jobs.names import DEIDENTIFY
from backend.storage.keys import (
    dataset_folder,
    dataset_frame_key,
    dataset_pixels_key,
    deidentified_key,
)
from backend.storage.private_files import private_folder
from backend.tables import Contribution
from models.contract import Square
from models.media import reencode, sampling
from models.media.masking import TextBox
from worker import process, stored
from worker.contributions.pixels import masks, proposed_square, source_of, text_in, write_pixels
from worker.contributions.specs import contribution_spec
from worker.maintenance.contributions import back_to_reviewers, delete_originals
from worker.runner import Job, run_job
from worker.task import task


@task(DEIDENTIFY)
def deidentify(notified_for: str) -> None:
    """De-identify what was approved first, whatever row the message was sent for.

    The original is deleted once the row names what was made of it, and never before; a worker
    killed in between leaves that to maintenance. What fails goes back to the reviewers.
    """
    run_job(SPEC, notified_for)


class Deidentified(TypedDict, total=False):
    """Columns of a contribution that say what was made of it."""

    deidentified_key: str
    pixels_key: str
    pixels_sha256: str
    dataset_frames: int
    text_boxes: list[TextBox]


def _deidentify(job: Job[Contribution]) -> Deidentified:
    """Decode, trim, crop to the square, mask, re-encode and store; repeating it changes no byte."""
    row = job.row
    incoming = process.current().settings.incoming_dir
    with (
        stored.recording(*source_of(row)) as (path, recording),
        private_folder(incoming) as folder,
    ):
        columns: Deidentified = {}
        if row.text_boxes is None:  # it was approved before anybody looked for text
            row.text_boxes = columns["text_boxes"] = text_in(path, recording)
        part, square = recording.trimmed(row.trim_start_s, row.trim_end_s), _square(row)
        made = write_pixels(row, recording, part, square, folder)
        if made.full_frame is not None:
            columns["deidentified_key"] = _store_copy(job, recording, made.full_frame)
        if row.preview_key is not None:  # which stays, and shows all of the first picture
            covered = recording.covered(masks(row, square), (proposed_square(row), square))
            process.current().storage.put_bytes(row.preview_key, covered.preview())
        columns.update(_store_pixels(job, part.covered(masks(row, square)), square, made.square))
        return columns


def _square(row: Contribution) -> Square:
    """The square of the decision, or else the proposed one."""
    x, y, size = row.final_square_x, row.final_square_y, row.final_square_size
    return proposed_square(row) if x is None or y is None or size is None else Square(x, y, size)


def _store_copy(job: Job[Contribution], recording: sampling.Recording, path: Path) -> str:
    """Store the private copy that a reopened review plays; its key."""
    job.check()
    key = deidentified_key(job.row.id, reencode.suffix(recording))
    process.current().storage.put(key, path)
    return key


def _store_pixels(
    job: Job[Contribution], recording: sampling.Recording, square: Square, path: Path
) -> Deidentified:
    """What releases hold: the recording on its square, and its sampled frames without loss."""
    storage = process.current().storage
    sha256 = stored.sha256_of(path)
    job.check()
    storage.delete_folder(dataset_folder(job.row.id))  # of another square, with more frames
    key = dataset_pixels_key(job.row.id, reencode.suffix(recording))
    storage.put(key, path)
    frames = 0
    for frame in recording.frames(square):
        job.check()
        storage.put_bytes(dataset_frame_key(job.row.id, frame.index), reencode.png(frame.pixels))
        frames += 1
    return {"pixels_key": key, "pixels_sha256": sha256, "dataset_frames": frames}


SPEC = contribution_spec(
    DEIDENTIFICATION,
    _deidentify,
    "contributions.deidentified",
    "contributions.deidentification_failed",
    on_failed=back_to_reviewers,
    on_done=delete_originals,
)
