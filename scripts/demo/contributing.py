"""First act: twenty recordings and their table are sent in one go."""

from pathlib import Path

from playwright.sync_api import Page, expect

from scripts.demo.stage import Stage

ALL_ARRIVE_MS = 900_000


def contribute(stage: Stage, page: Page, files: list[Path], table: Path) -> None:
    """Send the files with the table, look at what it filled in, agree, and send it to review."""
    stage.visit(page, "/contribute")
    page.get_by_role("button", name="Start a submission").click()
    page.get_by_role("heading", level=1).wait_for()
    stage.picture(page, "submission-empty")
    page.get_by_test_id("files").set_input_files([*files, table])
    page.wait_for_timeout(1500)
    stage.picture(page, "submission-sending")
    count = len(files)
    send = page.get_by_role("button", name=f"Send {count} recordings to review")
    send.wait_for(timeout=ALL_ARRIVE_MS)
    page.get_by_text("Nothing is missing.").wait_for(timeout=ALL_ARRIVE_MS)
    expect(page.get_by_text("still being processed")).to_have_count(0, timeout=ALL_ARRIVE_MS)
    stage.picture(page, "submission-complete")
    page.get_by_role("checkbox", name="I agree").check()
    send.click()
    page.get_by_text("Sent on").wait_for()
    stage.picture(page, "submission-sent")
    stage.say(f"{count} recordings sent, with the public dataset's own table")


def read_outcome(stage: Stage, page: Page) -> None:
    """What the contributor sees afterwards."""
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_text("pproved").first.wait_for()
    stage.picture(page, "submission-reviewed")
