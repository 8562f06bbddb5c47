"""Names of the tasks and of the queues that their messages wait in."""

SCREEN = "worker.screenings.task.screen"
"""Task: run the screening whose turn it is. Arguments: the id, as text, that made us send it."""

MAKE_PREVIEWS = "worker.contributions.make_previews.make_previews"
"""Task: make ready for review what was asked longest ago. Arguments: the id that made us send."""

DEIDENTIFY = "worker.contributions.deidentify.deidentify"
"""Task: take the next approved contribution into the dataset. Arguments: as MAKE_PREVIEWS's."""

RELEASE = "worker.releases.task.release"
"""Task: go on with the release that is being made. Arguments: the number that made us send it."""

IMPORT_UPLOAD = "worker.uploads.task.import_upload"
"""Task: import the file that came first for a submission. Arguments: as MAKE_PREVIEWS's."""

TRAIN = "worker.trainings.task.train"
"""Task: the next piece of a training. Arguments: the training's id, as text, that made us send."""

CHECK = "worker.checks.task.check"
"""Task: look through what is stored. Arguments: the check's id, as text, that made us send."""

QUEUE = "pocovid"

MAINTENANCE_QUEUE = f"{QUEUE}-maintenance"
"""A queue of its own: hundreds of waiting screenings must not keep maintenance from its turn."""

DATASET_QUEUE = f"{QUEUE}-dataset"
"""A queue of its own: a ward's 240 recordings must not keep a screening from its turn."""

TRAINING_QUEUE = f"{QUEUE}-training"
"""Its workers do nothing else: a fold takes minutes to hours."""

_OF_THE_DATASET = (IMPORT_UPLOAD, MAKE_PREVIEWS, DEIDENTIFY, RELEASE, CHECK)
QUEUES = {**dict.fromkeys(_OF_THE_DATASET, DATASET_QUEUE), TRAIN: TRAINING_QUEUE}
"""Tasks whose messages do not go to `QUEUE`."""
