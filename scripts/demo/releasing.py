"""Third act: a numbered release is made, looked at, and taken home."""

import csv
import hashlib
import zipfile
from io import StringIO
from pathlib import Path

from playwright.sync_api import Page

from scripts.demo.stage import Stage

INGESTED_MS = 600_000


def release(stage: Stage, admin: Page, expected: int) -> int:
    """Make the next release once everything is taken in; gives its number."""
    stage.visit(admin, "/dataset")
    admin.get_by_role("button", name="Make the release").wait_for(timeout=INGESTED_MS)
    admin.get_by_text(f"The first release: {expected} recordings.").wait_for(timeout=INGESTED_MS)
    stage.picture(admin, "release-next")
    admin.get_by_label("Note").fill("The first twenty recordings.")
    admin.get_by_role("button", name="Make the release").click()
    look = admin.get_by_role("link", name="View and download")
    admin.get_by_role("progressbar").or_(look).first.wait_for()
    stage.picture(admin, "release-made-of")
    look.wait_for(timeout=INGESTED_MS)
    stage.picture(admin, "release-done")
    number = int((look.get_attribute("href") or "").rpartition("/")[2])
    stage.say(f"release {number} made")
    return number


def download(stage: Stage, number: int, folder: Path) -> Path:
    """Anybody looks at the release and takes the archive home."""
    page = stage.window(f"/dataset/{number}")
    page.get_by_role("list", name="Recordings of this release").get_by_role(
        "button"
    ).first.wait_for()
    stage.picture(page, "release-page")
    page.get_by_role("list", name="Recordings of this release").get_by_role("button").first.click()
    page.get_by_role("dialog").wait_for()
    stage.picture(page, "release-recording", whole=False)
    page.get_by_role("button", name="Close").click()
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Archive").click()
    path = folder / f"release-{number}.zip"
    arriving.value.save_as(path)
    stage.say(f"downloaded {path.stat().st_size:,} bytes; {_checked(path)}")
    page.context.close()
    return path


def _checked(path: Path) -> str:
    """What is in the archive, after each checksum in it was compared."""
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
        if broken is not None:
            raise RuntimeError(f"{broken} in {path} is damaged.")
        names = archive.namelist()
        table = next(name for name in names if name.endswith("dataset_metadata.csv"))
        rows = list(csv.DictReader(StringIO(archive.read(table).decode("utf-8-sig"))))
        sums = next((name for name in names if "sha256" in name.lower()), None)
        compared = 0 if sums is None else _compare(archive, sums)
    return f"{len(names)} files, {len(rows)} rows, {compared} checksums compared"


def _compare(archive: zipfile.ZipFile, sums: str) -> int:
    top = sums.rpartition("/")[0]
    lines = archive.read(sums).decode().splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        whole = f"{top}/{name}" if top else name
        if hashlib.sha256(archive.read(whole)).hexdigest() != digest:
            raise RuntimeError(f"{whole} is not what {sums} says.")
    return len(lines)
