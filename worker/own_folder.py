"""This process's data folder, which on many hosts nobody else sees and nobody else can tidy."""

import structlog

from backend.storage.private_files import sweep_data_folder
from worker import process
from worker.trainings import task as training

log = structlog.get_logger(__name__)

EVERY_S = 60.0
"""Between two looks."""


def tidy() -> None:
    """Remove copies of recordings whose training has ended, and what killed processes left.

    What is withdrawn may stay nowhere, and no task of another host reaches it here.
    """
    training.tidy()
    if removed := sweep_data_folder(process.current().settings):
        log.info("data_folder_swept", removed=removed)
