"""The pages of the dataset and of administration in a real browser: nothing is hard to read."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e import dataset_routes
from tests.e2e.conftest import take_picture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PAGES = {
    "dataset": "Release 2",
    "dataset/2": "Recordings",
    "models": "Trainings",
    "people": "People",
    "audit": "Audit log",
}
VIEWS: dict[str, Any] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


def check(page: Page, axe: str) -> None:
    """No part of the page is beyond its edge, and axe-core finds nothing."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    violations = page.evaluate("axe.run().then(({violations}) => violations)")
    assert not [(each["id"], each["nodes"][0]["html"]) for each in violations]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_every_page_can_be_read(
    page: Page, view: Any, axe: str, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    dataset_routes.serve(page)
    address = page.url.partition("#")[0]
    for path, heading in PAGES.items():
        page.goto(f"{address}#/{path}")
        page.reload()
        page.get_by_role("heading", name=heading, exact=True).first.wait_for()
        page.wait_for_load_state("networkidle")
        take_picture(page, f"{path.replace('/', '-')}-{name}")
        check(page, axe)


def test_a_recording_of_the_dataset_is_looked_at_and_reported(page: Page, axe: str) -> None:
    dataset_routes.serve(page)
    page.goto(f"{page.url.partition('#')[0]}#/dataset/2")
    recordings = page.get_by_role("list", name="Recordings of this release")
    recordings.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Next frame").click()
    dialog.get_by_role("img", name="Frame 2 of 9").wait_for()
    dialog.get_by_role("button", name="Report a wrong label").click()
    check(page, axe)
    dialog.get_by_label("What it should be").select_option("healthy")
    dialog.get_by_label("What you see").fill("A-lines, and nothing else.")
    with page.expect_request("**/reports") as asked:
        dialog.get_by_role("button", name="Send the report").click()
    assert asked.value.post_data_json == {
        "label": "healthy",
        "message": "A-lines, and nothing else.",
    }
    dialog.get_by_text("A reviewer will look at this recording again").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
