"""Reviewing in a real browser, without a mouse."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import take_picture
from tests.e2e.review_routes import ReviewRoutes, contribution

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

SMALL: Any = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "dark",
    "has_touch": True,
    "is_mobile": True,
}


@pytest.fixture
def reviews(page: Page) -> ReviewRoutes:
    """Three recordings in the queue, and the page that shows it."""
    routes = ReviewRoutes([contribution(n) for n in range(3)])
    routes.serve(page)
    page.goto(page.url.partition("#")[0] + "#/review")
    page.reload()
    page.get_by_role("list", name="Queue").wait_for()
    return routes


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def begin(page: Page) -> None:
    """Take the next recording, and wait until it plays."""
    press(page, "n")
    expect(page.get_by_role("button", name="Next recording")).to_have_count(0)
    page.get_by_role("slider", name="Frame").wait_for()
    page.get_by_role("button", name="Stop").wait_for()


def test_three_recordings_without_a_mouse(page: Page, reviews: ReviewRoutes) -> None:
    begin(page)
    take_picture(page, "review-reading")
    press(page, "Space", "Home", "ArrowRight", "ArrowRight", "i", "End", "ArrowLeft", "o")
    press(page, "q", "ArrowRight", "-", "Escape")
    press(page, "2", "f", "3", "Escape", "m")
    page.keyboard.type("Consolidation with air bronchograms.")
    press(page, "Escape", "t", "a")
    expect(page.get_by_role("heading", name="Approved")).to_be_focused()
    expect(page.get_by_text("The model says COVID-19; you say Pneumonia")).to_be_visible()
    take_picture(page, "review-approved")

    begin(page)
    press(page, "r")
    expect(page.get_by_role("heading", name="Why is it rejected?")).to_be_focused()
    take_picture(page, "review-reasons")
    press(page, "1")
    page.get_by_role("heading", name="Rejected", exact=True).wait_for()

    begin(page)
    press(page, "c")
    expect(page.get_by_label(re.compile("^Comment"))).to_be_focused()
    page.keyboard.type("Which probe was this?")
    press(page, "Control+Enter")
    page.get_by_role("heading", name="Changes requested").wait_for()
    press(page, "n")
    expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()
    take_picture(page, "review-empty")

    approved, rejected, asked = reviews.verdicts
    assert approved["verdict"] == "approve"
    assert approved["label"] == "pneumonia"
    assert approved["findings"] == {"b_lines": True, "consolidation": True}
    assert (approved["trim_start_s"], approved["trim_end_s"]) == (0.08, 0.92)
    assert approved["square"] == {"x": 120, "y": 25, "size": 410}
    assert approved["no_identifying_marks"] is True
    assert approved["comment"] == "Consolidation with air bronchograms."
    assert (rejected["verdict"], rejected["reason"]) == ("reject", "burned_in_marks")
    assert rejected["square"] is None
    assert (asked["verdict"], asked["comment"]) == ("request_changes", "Which probe was this?")


def test_the_cine_plays_at_its_true_rate(page: Page, reviews: ReviewRoutes) -> None:
    begin(page)
    playhead = page.get_by_role("slider", name="Frame", exact=True)
    press(page, "l", "Space", "Home")
    assert playhead.get_attribute("aria-valuenow") == "0"
    took = page.evaluate(
        """async () => {
            const at = () => document.querySelector('.grip-playhead').ariaValueNow;
            const begun = performance.now();
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}));
            while (at() !== '23') await new Promise(requestAnimationFrame);
            return performance.now() - begun;
        }"""
    )
    assert took > 23 * 40 - 60, "faster than it was recorded"
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_reload_keeps_what_was_typed(page: Page, reviews: ReviewRoutes) -> None:
    begin(page)
    press(page, "3", "m")
    page.keyboard.type("Half a sent")
    page.reload()
    expect(page.get_by_label(re.compile("^Comment"))).to_have_value("Half a sent")
    expect(page.get_by_role("radio", name="Healthy")).to_be_checked()


def test_the_last_verdict_is_taken_back(page: Page, reviews: ReviewRoutes) -> None:
    begin(page)
    press(page, "t", "a")
    page.get_by_role("heading", name="Approved").wait_for()
    press(page, "z")
    page.get_by_role("group", name="Verdict").wait_for()
    assert reviews.undone == ["review-1"]
    assert len(reviews.waiting) == 3


@pytest.mark.parametrize("view", [{}, {"color_scheme": "dark"}, SMALL])
def test_nothing_is_cut_off_or_hard_to_read(
    page: Page, reviews: ReviewRoutes, view: Any, axe: str, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    take_picture(page, f"review-queue-{name}")
    page.get_by_role("button", name="Review the next").click()
    page.get_by_role("button", name="Stop").click()
    take_picture(page, f"review-reading-{name}")
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    violations = page.evaluate("axe.run().then(({violations}) => violations)")
    assert not [(each["id"], each["nodes"][0]["html"]) for each in violations]
    page.goto(page.url.partition("#")[0] + "#/review?view=agreement")
    page.get_by_role("heading", name="Reviewers").wait_for()
    take_picture(page, f"review-agreement-{name}")
