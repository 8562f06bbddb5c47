"""Twenty recordings of the public dataset: three classes, five patients or more of each."""

import csv
import re
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
DATASET = HOUSE.parent / "shared" / "dataset"
TABLE = "dataset_metadata.csv"

NAMES = (
    "pocus_videos/convex/Cov-Atlas-Day+2.gif",
    "pocus_videos/convex/Cov-Atlas-Day+4.gif",
    "pocus_videos/convex/Cov-Atlas-suspectedCovid.mp4",
    "pocus_videos/convex/Cov_convex_volpecelli_sonographic_v3.mov",
    "pocus_videos/convex/Cov_recommendations_lightbeam_mov6.mov",
    "pocus_images/convex/Cov_Oliviera_2020_Fig4A.jpg",
    "pocus_images/convex/Cov_Oliviera_2020_Fig5A.jpg",
    "pocus_videos/convex/Pneu_Avi_Video_001.mp4",
    "pocus_videos/convex/Pneu_Avi_Video_004.mp4",
    "pocus_videos/convex/Pneu_northumbria_0409_set1_vid1.avi",
    "pocus_videos/convex/Pneu_northumbria_0409_set2_vid4.avi",
    "pocus_videos/convex/Pneu_northumbria_0409_set5_vid1.avi",
    "pocus_videos/convex/Pneu_northumbria_0409_set6_vid7.avi",
    "pocus_images/convex/Pneu_emdocs_1.png",
    "pocus_videos/convex/Reg_Avi_lung-sliding.MP4",
    "pocus_videos/convex/Reg_Avi_lung-sliding-2.MP4",
    "pocus_videos/convex/Reg_northumbria_0409_set3_vid1.avi",
    "pocus_videos/convex/Reg_pat1Image_132943.mpeg",
    "pocus_videos/convex/Reg_Image_181739_trimmed_crop.mp4",
    "pocus_videos/convex/Reg_recommendations_alines_mov1.mov",
)

TO_SCREEN = "pocus_videos/convex/Pneu_northumbria_0409_set6_vid3.avi"
"""One that the new models have never seen."""


def chosen(dataset: Path) -> list[Path]:
    """The twenty files.

    Raises:
        FileNotFoundError: the dataset is not there, or not whole.
    """
    files = [dataset / name for name in NAMES]
    for path in (*files, dataset / TO_SCREEN, dataset / TABLE):
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: --dataset names the public dataset.")
    return files


def write_table(dataset: Path, folder: Path) -> Path:
    """The dataset's own table, with the rows of the twenty alone; all columns as they are."""
    wanted = {_plain(Path(name).stem) for name in NAMES}
    with (dataset / TABLE).open(encoding="utf-8-sig", newline="") as table:
        header, *rows = csv.reader(table)
    name = header.index("Filename")
    path = folder / TABLE
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(row for row in rows if _plain(_stem(row[name])) in wanted)
    return path


def _stem(name: str) -> str:
    return re.sub(r"\.(gif|mp4|mov|avi|mpe?g|jpe?g|png)$", "", name, flags=re.IGNORECASE)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
