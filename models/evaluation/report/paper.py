"""The paper's results: Born et al., POCOVID-Net, arXiv 2004.12084, Table 2 and section 5.

Five folds by recording, on 1,103 frames of 64 videos; means over folds. Many of the recordings
cannot be redistributed, so the results can be compared but not reproduced.
"""

from collections.abc import Mapping

CITATION = "Born et al. 2020, POCOVID-Net (arXiv 2004.12084), Table 2"

OVERALL: Mapping[str, float] = {
    "frames": 1103,
    "videos": 64,
    "frame_accuracy": 0.89,
    "frame_balanced_accuracy": 0.82,
    "video_accuracy_majority": 0.92,
}

CLASSES: Mapping[str, Mapping[str, float]] = {
    "covid19": {
        "sensitivity": 0.96,
        "specificity": 0.79,
        "precision": 0.88,
        "f1": 0.92,
        "count": 654,
    },
    "pneumonia": {
        "sensitivity": 0.93,
        "specificity": 0.98,
        "precision": 0.95,
        "f1": 0.94,
        "count": 277,
    },
    "healthy": {
        "sensitivity": 0.55,
        "specificity": 0.98,
        "precision": 0.78,
        "f1": 0.62,
        "count": 172,
    },
}
"""Per class, over frames."""
