"""Names of the tasks and of the queues that their messages wait in."""

SCREEN = "worker.screenings.task.screen"
"""Task: run the next screening in the queue. Argument: the key of the row that caused the message.

As for all tasks but maintenance, the key is text and only logged: the queue decides what is run.
"""

MAKE_PREVIEWS = "worker.contributions.make_previews.make_previews"
"""Task: make the previews of the next submitted contribution. Argument: as for `SCREEN`."""

DEIDENTIFY = "worker.contributions.deidentify.deidentify"
"""Task: de-identify the next approved contribution. Argument: as for `SCREEN`."""

RELEASE = "worker.releases.task.release"
"""Task: build the next release. Argument: as for `SCREEN`."""

IMPORT_UPLOAD = "worker.uploads.task.import_upload"
"""Task: import the next uploaded file of a submission. Argument: as for `SCREEN`."""

TRAIN = "worker.trainings.task.train"
"""Task: train the next fold, or assemble the next artifact. Argument: as for `SCREEN`."""

CHECK = "worker.checks.task.check"
"""Task: check everything that is stored. Argument: as for `SCREEN`."""

DELIVER = "worker.dicom.task.deliver"
"""Task: send the next answer to a DICOM peer. Argument: as for `SCREEN`."""

QUEUE = "pocovid"

MAINTENANCE_QUEUE = f"{QUEUE}-maintenance"
"""A separate queue, so that hundreds of waiting screenings do not delay maintenance."""

DATASET_QUEUE = f"{QUEUE}-dataset"
"""A separate queue, so that a submission of 240 recordings does not delay a screening."""

TRAINING_QUEUE = f"{QUEUE}-training"
"""Served by workers that do nothing else: a fold takes minutes to hours."""

_OF_THE_DATASET = (IMPORT_UPLOAD, MAKE_PREVIEWS, DEIDENTIFY, RELEASE, CHECK, DELIVER)
QUEUES = {**dict.fromkeys(_OF_THE_DATASET, DATASET_QUEUE), TRAIN: TRAINING_QUEUE}
"""Tasks whose messages do not go to `QUEUE`."""
