"""Previews: what reviewers look at, and the model's own answer, which they see last."""

import functools
import math
from typing import Any

from backend.jobs.kinds import PREVIEWS
from backend.jobs.names import MAKE_PREVIEWS
from backend.reviews import repository
from backend.storage.keys import cine_key, contact_sheet_key, contribution_signs_key
from backend.storage.private_files import private_folder
from backend.tables import Contribution
from backend.tables.contributions import Cine
from models.contract import Probe
from models.inference.screen import Batch, screen
from models.media import sampling
from models.media.contact_sheet import contact_sheet
from worker import predictor, process, sign_maps, stored
from worker.contributions.pixels import proposed_square, source_of, text_in, write_pixels
from worker.contributions.specs import contribution_spec
from worker.runner import Job, run_job
from worker.task import task

CINE_SIDE = 720
"""Longest side in pixels of a frame for the player."""

MOST_CINE_FRAMES = 900
"""Half a minute at thirty frames a second; of a longer clip as many are taken, evenly."""

SHEET_QUALITY = 92
"""JPEG quality of the contact sheet, on which small letters must be seen."""

_CHECK_EVERY = 25


@task(MAKE_PREVIEWS)
def make_previews(notified_for: str) -> None:
    """Make the previews of what was submitted first, whatever row the message was sent for."""
    run_job(SPEC, notified_for)


def _make_previews(job: Job[Contribution]) -> dict[str, Any]:
    row = job.row
    square = proposed_square(row)
    with stored.recording(*source_of(row)) as (path, recording):
        found: dict[str, Any] = {}
        if row.text_boxes is None:  # it was imported before anybody looked for text
            row.text_boxes = found["text_boxes"] = text_in(path, recording)
        # A trial of the de-identification: a recording for which it fails must not be approved.
        with private_folder(process.current().settings.incoming_dir) as folder:
            write_pixels(row, recording, recording, square, folder)
        found["cine"] = _store_cine(job, recording)
        models = predictor.load()
        if row.model_answer is None or row.model_answer.model_version == models.version:
            answer = screen(
                path, models, square, probe=_probe(row), look=functools.partial(_store_maps, job)
            )
            if row.model_answer is None:
                found |= repository.answer(answer)
    return found


def _store_maps(job: Job[Contribution], batch: Batch) -> None:
    """Store where the signs are, which no reviewer sees before a verdict of their own."""
    job.check()
    for place, frame in enumerate(batch.frames):
        if (maps := sign_maps.stored(batch, place)) is not None:
            key = contribution_signs_key(job.row.id, frame.index)
            process.current().storage.put_bytes(key, maps)


def _probe(row: Contribution) -> Probe:
    """The contributor's; convex where they named none."""
    return Probe(row.probe or Probe.CONVEX)


def _store_cine(job: Job[Contribution], recording: sampling.Recording) -> Cine:
    """Store the player's frames and the contact sheet; what the player needs to know of them."""
    storage = process.current().storage
    times_s = recording.source.times_s
    step = max(1.0, len(times_s) / MOST_CINE_FRAMES)
    places = [math.floor(n * step) for n in range(math.ceil(len(times_s) / step))]
    stored_s: list[float] = []
    width = height = 0
    for n, picture in enumerate(recording.source.read(places)):
        if n % _CHECK_EVERY == 0:
            job.check()
        height, width = picture.shape[:2]
        storage.put_bytes(cine_key(job.row.id, n), sampling.encode_jpeg(picture, CINE_SIDE))
        stored_s.append(round(times_s[places[n]], 4))
    sampled = recording.sampled()
    sheet = contact_sheet(recording.source.read(sampled), len(sampled))
    jpeg = sampling.encode_jpeg(sheet, max(sheet.shape), SHEET_QUALITY)
    job.check()
    storage.put_bytes(contact_sheet_key(job.row.id), jpeg)
    return Cine(times_s=stored_s, width=width, height=height)


SPEC = contribution_spec(PREVIEWS, _make_previews, "reviews.prepared", "reviews.preparation_failed")
