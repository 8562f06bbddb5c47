"""The whole service as a clinician meets it: `pocovid up`, a browser, and real recordings."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.contract import CLASS_NAMES
from tests import media_files
from tests.conftest import log_file
from tests.e2e.conftest import take_picture, watched

ROOT = Path(__file__).parents[2]
ACTIVE = ROOT / "models" / "artifacts" / "ACTIVE"
DATASET = ROOT.parent / "shared" / "dataset"
RUNNING = os.environ.get("POCOVID_TEST_SERVICE")
"""The address of a service that runs already, to be tested in place of one of our own."""

ONE_OF_EACH = (
    "pocus_videos/convex/Cov_combatting_Image1.mp4",
    "pocus_videos/convex/Pneu_northumbria_0409_set1_vid1.avi",
    "pocus_videos/convex/Reg_pat1Image_132943.mpeg",
    "pocus_images/convex/Pneu_emdocs_1.png",
)
ANSWER_MS = 240_000
GONE_WITHIN_S = 20

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own, on a free port and an empty data folder."""
    if RUNNING:
        yield RUNNING.rstrip("/")
        return
    if not ACTIVE.exists():
        pytest.skip("no trained artifact in models/artifacts, and no POCOVID_TEST_SERVICE")
    folder = tmp_path_factory.mktemp("service")
    with log_file("service").open("w") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "up", "--port", "0"],
            env={**os.environ, "POCOVID_DATA_DIR": str(folder / "data")},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert service.stdout is not None
        with service.stdout:
            ready = service.stdout.readline()
            assert ready.startswith("POCOVIDScreen is ready at "), Path(log.name).read_text()
            yield ready.split()[4]
            service.send_signal(signal.SIGINT)
            assert service.wait(60) == 0


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of the real service, open."""
    view: dict[str, Any] = request.getfixturevalue("view") if "view" in request.fixturenames else {}
    with watched(browser, address, **view) as opened:
        opened.goto(address)
        opened.get_by_text("deleted after").wait_for()
        yield opened


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of a drawn lung, eight seconds long."""
    return media_files.write(tmp_path, "clip.mp4", media_files.lung_video())


def choose(page: Page, *files: Path) -> None:
    page.get_by_test_id("files").set_input_files(files)


def screen(page: Page) -> None:
    page.get_by_role("button", name="Screen", exact=True).click(timeout=60_000)


def told(page: Page, address: str) -> dict[str, Any]:
    """Wait for the answer on the page, and ask the API for the same screening."""
    page.get_by_role("list", name="Probability of each class").wait_for(timeout=ANSWER_MS)
    screening = page.url.rpartition("/")[2]
    said: dict[str, Any] = page.request.get(f"{address}/api/v1/screenings/{screening}").json()
    return said


def test_upload_adjust_wait_read(page: Page, address: str, clip: Path) -> None:
    choose(page, clip)
    square = page.get_by_role("slider", name="Square to be screened")
    square.press("-")
    square.press("-")
    square.press("ArrowLeft")
    words = square.get_attribute("aria-valuetext")
    assert words is not None
    size, left, top = (int(number) for number in re.findall(r"\d+", words)[:3])
    screen(page)

    said = told(page, address)
    result = said["result"]
    assert said["crop"] == {"x": left, "y": top, "size": size}
    heading = page.get_by_role("heading", level=2).filter(has_text="Most probable class")
    expect(heading).to_contain_text(CLASS_NAMES[result["label"]])
    expect(page.get_by_text(f"{result['agreement']} of 5 models")).to_be_visible()
    frames = page.get_by_role("listbox").get_by_role("option")
    expect(frames).to_have_count(len(result["frames"]))
    pictures = page.locator("figure img, [role=option] img")
    expect(pictures).to_have_count(len(result["frames"]) + 1)
    shown = pictures.first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert shown == min(size, 512)


@pytest.mark.dataset
@pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings beside the checkout")
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_real_recording_is_answered(page: Page, address: str, name: str) -> None:
    choose(page, DATASET / name)
    page.get_by_role("slider").wait_for(timeout=60_000)
    page.wait_for_timeout(300)
    take_picture(page, f"real-{Path(name).stem}-square")
    screen(page)
    result = told(page, address)["result"]
    page.wait_for_timeout(500)
    take_picture(page, f"real-{Path(name).stem}-answer")
    heading = page.get_by_role("heading", level=2).filter(has_text="Most probable class")
    expect(heading).to_contain_text(CLASS_NAMES[result["label"]])
    assert result["probability"] == max(result["probabilities"].values())


@pytest.mark.parametrize(
    "view",
    [
        {
            "viewport": {"width": 360, "height": 740},
            "color_scheme": "dark",
            "has_touch": True,
            "is_mobile": True,
        }
    ],
)
def test_on_a_telephone_at_night(page: Page, view: Any, address: str, clip: Path) -> None:
    choose(page, clip)
    screen(page)
    told(page, address)
    take_picture(page, "real-telephone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_damaged_file_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    content = media_files.video(seconds=8)
    choose(
        page,
        media_files.write(tmp_path, "cut.mp4", media_files.truncated(content)),
        media_files.write(tmp_path, "words.mp4", b"this is no video at all" * 40),
    )
    refused = page.get_by_role("navigation", name="Recordings").get_by_text("Not uploaded")
    expect(refused).to_have_count(2, timeout=30_000)
    expect(page.get_by_role("heading", name="Not uploaded")).to_be_visible()


def test_a_reload_in_the_middle_finds_the_answer(page: Page, address: str, clip: Path) -> None:
    choose(page, clip)
    screen(page)
    expect(page).to_have_url(re.compile("#/screenings/"))
    page.reload()
    expect(page.get_by_role("heading", name="clip.mp4")).to_be_visible()
    assert told(page, address)["status"] == "done"


def test_what_is_deleted_is_gone_for_everybody(page: Page, address: str, clip: Path) -> None:
    choose(page, clip)
    screen(page)
    screening = told(page, address)["id"]
    page.get_by_role("button", name="Delete", exact=True).click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    # The bar goes when the service is told; it is gone for others once the service has answered.
    with page.expect_response(lambda answer: answer.request.method == "DELETE", timeout=15_000):
        expect(undo).to_be_hidden(timeout=15_000)
    page.goto(f"{address}/#/screenings/{screening}")
    expect(page.get_by_role("heading", name="This recording does not exist")).to_be_visible()


def test_leaving_the_page_deletes_at_once(page: Page, address: str, clip: Path) -> None:
    with page.expect_response("**/api/v1/recordings") as uploaded:
        choose(page, clip)
    recording = f"{address}/api/v1/recordings/{uploaded.value.json()['id']}"
    page.get_by_role("slider").wait_for(timeout=60_000)
    page.get_by_role("button", name="Delete", exact=True).click()
    assert page.request.get(recording).status == 200
    page.goto("about:blank")
    deadline = time.monotonic() + GONE_WITHIN_S
    while (status := page.request.get(recording).status) != 404:
        assert time.monotonic() < deadline, f"{GONE_WITHIN_S} s later it answers {status}"
