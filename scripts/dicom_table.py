"""Print the table of docs/DICOM.md: every instance that is read, beside DCMTK's decoding of it."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HOUSE = Path(__file__).resolve().parents[1]


def main() -> int:
    """Make every instance of the tests, read it, and compare."""
    sys.path.insert(0, str(HOUSE))
    print("| instance | frames | largest difference | mean difference | compared with |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for row in _rows(Path(folder)):
            print(f"| {' | '.join(row)} |")
    return 0


def _rows(folder: Path) -> Iterator[tuple[str, ...]]:
    from models.media.dicom.child import pictures
    from models.media.dicom.source import DicomSource
    from tests.models.media.dicom.instances import colours, decoded_by_dcmtk
    from tests.models.media.dicom.table import INSTANCES, VIDEOS

    for number, instance in enumerate(INSTANCES):
        made = instance.make(folder / f"instance-{number}")
        path = made if made.parent == folder else Path(shutil.copy(made, folder))
        frames = len(DicomSource(path).times_s)
        shown = np.stack(list(pictures(path, range(frames)))).astype(int)
        apart = np.abs(shown - decoded_by_dcmtk(instance.reference, path))
        compared = instance.reference or "dcm2pnm, of what was compressed"
        yield instance.name, str(frames), str(apart.max()), f"{apart.mean():.2f}", compared
    for number, (name, make) in enumerate(VIDEOS):
        source = DicomSource(make(folder / f"video-{number}"))
        shown = np.stack(list(source.read(range(len(source.times_s))))).astype(int)
        apart = np.abs(shown - colours(len(shown)))
        yield name, str(len(shown)), str(apart.max()), f"{apart.mean():.2f}", "what was encoded"


if __name__ == "__main__":
    sys.exit(main())
