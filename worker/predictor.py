"""The Predictor of each worker process: that of the artifact which is to answer now."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from backend.core.db import utc_now
from backend.storage.private_files import make_folder, private_folder
from backend.trainings.artifacts import repository
from backend.trainings.artifacts.repository import Active
from models.inference.screen import FrameScorer
from worker import process
from worker.task import reading, transaction

log = structlog.get_logger(__name__)


@dataclass
class _Held:
    """What is in memory, and the decision that was followed last, whether or not it could be."""

    scores: FrameScorer | None = None
    followed: Active | None = None


_held = _Held()


def load() -> FrameScorer:
    """The five models that are to answer, loaded anew where somebody has decided so.

    Asked before each screening: one short query where nothing has changed. An artifact that
    cannot be loaded is logged, and what answered before goes on; without anything before, what
    ships with the code answers. Raises ArtifactError where that cannot be loaded either.
    """
    with reading() as session:
        wanted = repository.active(session)
    if _held.scores is not None and wanted == _held.followed:
        return _held.scores
    _held.followed = wanted
    if _held.scores is None or wanted is None or wanted.version != _held.scores.version:
        _held.scores = _loaded(wanted)
    return _held.scores


def _loaded(wanted: Active | None) -> FrameScorer:
    """Load an artifact.

    The imports stand here because the engine's threads do not survive a fork: the process that
    forks the others must never have loaded it.
    """
    from models.inference.predict import Predictor

    if wanted is not None:
        try:
            found = Predictor.load(local_folder(wanted.folder))
            log.info("artifact_loaded", version=found.version)
        except Exception:
            log.exception("artifact_not_loaded", version=wanted.version)
        else:
            return found
        if _held.scores is not None:
            return _held.scores
    return Predictor.load()


def local_folder(folder: str) -> Path:
    """Where an artifact's files are on this machine; they are fetched where they are not."""
    this_process = process.current()
    home = this_process.settings.data_dir / "artifacts" / folder.replace("/", "-")
    if home.is_dir():
        return home
    make_folder(home.parent)
    with private_folder(home.parent) as scratch:
        for stored in this_process.storage.listing(folder):
            target = scratch / "artifact" / stored.key.rpartition("/")[2]
            target.parent.mkdir(exist_ok=True)
            with (
                closing(this_process.storage.open(stored.key)) as source,
                target.open("wb") as file,
            ):
                shutil.copyfileobj(source, file)
        try:
            (scratch / "artifact").rename(home)
        except OSError:
            if not home.is_dir():  # another process was not faster
                raise
    return home


def register_shipped() -> None:
    """Let the database know of the artifact that ships with the code."""
    from models.inference import artifact

    manifest = artifact.read_manifest(artifact.active())
    with transaction() as session:
        repository.register(session, manifest.version, None, manifest, utc_now())
