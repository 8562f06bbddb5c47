"""Second act: every recording is read and decided without touching the mouse."""

from playwright.sync_api import Page, expect

from scripts.demo.stage import Stage

PREPARED_MS = 900_000
PICTURED = 3
"""How many of the recordings are pictured before and after the verdict."""


def review_all(stage: Stage, page: Page, expected: int) -> None:
    """Review every recording in the queue with the keyboard alone."""
    stage.visit(page, "/review")
    page.get_by_role("list", name="Queue").wait_for(timeout=PREPARED_MS)
    expect(page.get_by_text("Being prepared")).to_have_count(0, timeout=PREPARED_MS)
    stage.picture(page, "review-queue")
    press(page, "n")
    for n in range(expected):
        _approve(stage, page, n)
        if n == 0:
            _think_again(page)
        press(page, "n")
    page.get_by_role("heading", name="The queue is empty").wait_for()
    stage.picture(page, "review-empty")
    stage.visit(page, "/review?view=agreement")
    page.get_by_role("heading", name="Reviewers").wait_for()
    stage.picture(page, "review-agreement")
    stage.say(f"{expected} verdicts given by keyboard alone")


def _approve(stage: Stage, page: Page, n: int) -> None:
    page.get_by_role("group", name="Verdict").wait_for()
    sheet = page.get_by_alt_text("Frames spread over the whole recording")
    sheet.wait_for(timeout=PREPARED_MS)
    expect(page.get_by_role("progressbar", name="Frames of the recording")).to_have_count(
        0, timeout=PREPARED_MS
    )
    if n == 0:
        press(page, "?")
        page.get_by_role("dialog").wait_for()
        stage.picture(page, "review-keys", whole=False)
        press(page, "Escape")
        _adjust(page)
    press(page, "t")
    if n < PICTURED:
        stage.picture(page, f"review-reading-{n + 1}")
    press(page, "a")
    expect(page.get_by_role("heading", name="Approved")).to_be_focused()
    if n < PICTURED:
        stage.picture(page, f"review-verdict-{n + 1}")


def _adjust(page: Page) -> None:
    """Shrink the square, trim the start, add a finding and a comment."""
    press(page, "Space", "Home", "ArrowRight", "ArrowRight", "i", "q", "-", "-", "Escape")
    press(page, "f", "6", "Escape", "m")
    page.keyboard.type("Subpleural consolidations, irregular pleural line.")
    press(page, "Escape")


def _think_again(page: Page) -> None:
    """Undo the verdict and give it again."""
    press(page, "z")
    page.get_by_role("group", name="Verdict").wait_for()
    press(page, "a")
    expect(page.get_by_role("heading", name="Approved")).to_be_focused()


def press(page: Page, *keys: str) -> None:
    """Press these keys in order."""
    for key in keys:
        page.keyboard.press(key)
