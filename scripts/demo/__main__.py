"""The whole way in a real browser, against a service of its own on this machine.

    scripts/demo.sh --pictures FOLDER

Somebody signs up and sends twenty real recordings with the public dataset's own table; a doctor
reviews them by keyboard; an administrator makes a release, trains on it, and makes the new models
active; anybody downloads the release and screens a recording. A picture of each step is kept.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.demo import contributing, people, recordings, releasing, retraining, reviewing
from scripts.demo.service import create_admin, running
from scripts.demo.stage import opened


def main() -> None:
    """Run the show."""
    parser = argparse.ArgumentParser(prog="scripts/demo.sh", description=__doc__)
    parser.add_argument("--pictures", type=Path, default=Path("demo-pictures"), metavar="FOLDER")
    parser.add_argument("--dataset", type=Path, default=recordings.DATASET, metavar="FOLDER")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keep what the service stores here"
    )
    chosen = parser.parse_args()
    try:
        files = recordings.chosen(chosen.dataset)
    except FileNotFoundError as error:
        sys.exit(str(error))
    with tempfile.TemporaryDirectory(prefix="pocovid-demo-") as temporary:
        folder = chosen.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        _show(files, chosen.dataset, folder, chosen.pictures)


def _show(files: list[Path], dataset: Path, folder: Path, pictures: Path) -> None:
    table = recordings.write_table(dataset, folder)
    with running(folder) as url, opened(url, pictures) as stage:
        stage.say(f"the service is ready at {url}")
        administrator = people.ADMIN
        create_admin(folder, administrator.email, administrator.name, administrator.password)
        contributor = people.sign_up(stage, people.CONTRIBUTOR, "sign-up")
        doctor = people.sign_up(stage, people.DOCTOR)
        admin = people.sign_in(stage, administrator, "/people")
        people.make_reviewer(stage, admin, people.DOCTOR)
        doctor.reload()

        contributing.contribute(stage, contributor, files, table)
        reviewing.review_all(stage, doctor, len(files))
        contributing.read_outcome(stage, contributor)
        number = releasing.release(stage, admin, len(files))
        releasing.download(stage, number, folder)
        retraining.train(stage, admin, number)
        version = retraining.activate(stage, admin)
        retraining.screen(stage, dataset / recordings.TO_SCREEN, version)
        retraining.read_audit(stage, admin)
        stage.say(f"{stage.taken} pictures in {pictures}")


if __name__ == "__main__":
    main()
