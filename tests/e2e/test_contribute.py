"""Contributing as a ward does it: an account, files over a bad network, a table, the consent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from scripts.demo.service import running
from tests import media_files
from tests.e2e.conftest import take_picture, watched

READ_MS = 240_000
"""A worker reads each file; on a machine that does other work as well, that takes its time."""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own, on a free port and an empty data folder."""
    with running(tmp_path_factory.mktemp("service")) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page of contributing, for somebody who has no account yet."""
    with watched(browser, address) as opened:
        opened.goto(f"{address}/#/contribute")
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four small recordings that differ, and a table that tells of two of them."""
    ward = tmp_path / "ward"
    ward.mkdir()
    for n in range(4):
        video = media_files.video(seconds=1 + n, width=160 + 32 * n, height=128, rate=5)
        media_files.write(ward, f"clip-{n}.mp4", video)
    (ward / "labels.csv").write_text(
        "file_name,label,patient\nclip-0.mp4,covid19,P1\nclip-1.mp4,covd,P1\n"
    )
    return ward


def sign_up(page: Page, email: str) -> None:
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Name", exact=True).fill("Ada Lund")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill("lung sliding at dawn")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Contribute", level=1)).to_be_focused()


def begin(page: Page) -> None:
    page.get_by_role("button", name="Start a submission").click()
    expect(page.get_by_text("Drop recordings here")).to_be_visible()


def cell(page: Page, file_name: str, column: int) -> Locator:
    return page.get_by_role("row").filter(has_text=file_name).get_by_role("gridcell").nth(column)


def set_for_all(page: Page) -> None:
    page.get_by_label("Probe").select_option("convex")
    page.get_by_label("Licence").select_option("CC BY 4.0")
    page.get_by_label("Source").fill("Harbour Hospital")
    page.get_by_label("Source").press("Tab")


def test_a_folder_becomes_a_submission(page: Page, folder: Path, axe: str) -> None:
    sign_up(page, "folder@example.org")
    begin(page)
    set_for_all(page)
    page.get_by_test_id("folder").set_input_files(folder)
    expect(page.get_by_role("heading", name="4 recordings")).to_be_visible(timeout=READ_MS)

    # the table said what it could, and names the row that it could not use
    expect(page.get_by_text("The label 'covd' is not one of")).to_be_visible(timeout=READ_MS)
    expect(cell(page, "clip-0.mp4", 0)).to_have_text("COVID-19", timeout=READ_MS)
    expect(cell(page, "clip-0.mp4", 1)).to_contain_text("Convex")
    expect(page.get_by_text("Class is missing for 3 recordings.")).to_be_visible(timeout=READ_MS)
    take_picture(page, "contribute-draft")

    # by keyboard alone: to the first that lacks a class, all below it, one letter
    page.get_by_role("button", name="Go to the first recording without class").press("Enter")
    expect(page.locator("[data-at]:focus")).to_have_text("Missing")
    page.keyboard.press("Control+a")
    page.keyboard.press("h")
    expect(page.get_by_text("Nothing is missing.")).to_be_visible(timeout=READ_MS)
    page.keyboard.press("Control+Home")
    expect(page.get_by_role("grid").get_by_role("rowheader").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-at='0:1']")).to_be_focused()
    page.keyboard.press("b")
    expect(page.get_by_text("All changes saved")).to_be_visible()
    page.reload()
    expect(page.locator("[data-at='0:1']")).to_have_text("Bacterial pneumonia")

    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"]] == []

    page.get_by_role("checkbox", name="I agree").check()
    page.get_by_role("button", name="Send 4 recordings to review").click()
    expect(page.get_by_text("4 recordings in review.")).to_be_visible(timeout=READ_MS)
    take_picture(page, "contribute-sent")

    page.get_by_role("button", name="Withdraw ward/clip-3.mp4").click()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("3 recordings in review.")).to_be_visible(timeout=READ_MS)


def test_a_lost_network_and_a_reload_cost_nothing(page: Page, folder: Path) -> None:
    files = sorted(folder.glob("*.mp4"))
    sign_up(page, "network@example.org")
    begin(page)
    page.route("**/api/v1/uploads/*", lambda route: route.abort())
    page.get_by_test_id("files").set_input_files(files)
    expect(page.get_by_text("The connection to the service was lost.").first).to_be_visible()
    page.unroute("**/api/v1/uploads/*")
    expect(page.get_by_role("heading", name="4 recordings")).to_be_visible(timeout=READ_MS)

    # the last file hangs, and the tab is closed on it
    late = media_files.write(
        folder, "late.mp4", media_files.video(seconds=7, width=320, height=240)
    )
    held: list[Route] = []
    page.route("**/api/v1/uploads/*", lambda route: held.append(route))
    page.get_by_test_id("files").set_input_files(late)
    expect(page.get_by_role("progressbar", name="late.mp4")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute("**/api/v1/uploads/*")
    expect(page.get_by_role("heading", name="One file has not been uploaded")).to_be_visible()
    expect(page.get_by_text("late.mp4")).to_be_visible()

    # the same folder again: what has arrived is not sent twice
    page.get_by_test_id("files").set_input_files([*files, late])
    expect(page.get_by_text("4 files had been sent already.")).to_be_visible()
    expect(page.get_by_role("heading", name="5 recordings")).to_be_visible(timeout=READ_MS)
    expect(page.get_by_role("heading", name="not been uploaded")).to_be_hidden()


def test_a_submission_is_its_contributor_s_alone(
    page: Page, browser: Browser, address: str
) -> None:
    sign_up(page, "mine@example.org")
    begin(page)
    mine = page.url
    with watched(browser, address) as other:
        other.goto(f"{address}/#/contribute")
        sign_up(other, "theirs@example.org")
        other.goto(mine)
        expect(other.get_by_role("heading", name="This submission does not exist")).to_be_visible()
