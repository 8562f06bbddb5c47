"""An answer that knows its limits, in a real browser: signs, maps, refusal, answers anyway."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from models.contract import ReasonCode
from tests.e2e.conftest import take_picture
from tests.e2e.screening_routes import ScreeningRoutes
from tests.e2e.test_page import answer, button, choose, clip

pytestmark = pytest.mark.browser

PHONE_AND_DESK = [
    pytest.param({"viewport": {"width": width, "height": 800}, "color_scheme": scheme}, id=name)
    for width, scheme, name in ((360, "light", "phone"), (1440, "dark", "desk"))
]


def screen(page: Page) -> None:
    choose(page, clip("right-upper.mp4"))
    button(page, "Screen").click()


def drawn(page: Page) -> list[float]:
    """Mean red, green, blue and opacity (0 to 255) of what lies over the frame."""
    means: list[float] = page.locator("canvas.overlay").evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            const sums = [0, 0, 0, 0];
            data.forEach((value, n) => { sums[n % 4] += value; });
            return sums.map(sum => 4 * sum / data.length);
        }"""
    )
    return means


def layers(page: Page) -> Locator:
    return page.get_by_role("group", name="Shown over the picture")


def check_page(page: Page, axe: str) -> None:
    """Nothing is wider than the screen, and nothing is wrong for those who do not see it."""
    page.wait_for_timeout(200)  # transitions change colours for a moment
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert not found, "\n".join(
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    )


@pytest.mark.parametrize("view", PHONE_AND_DESK)
def test_signs_lie_over_the_frame_with_mouse_and_keys(
    page: Page, view: Any, routes: ScreeningRoutes, request: pytest.FixtureRequest, axe: str
) -> None:
    routes.left_out = (4, 5, 17)
    screen(page)

    expect(page.get_by_text("78 were right")).to_be_visible()
    expect(page.get_by_text("3 of 28 frames show no lung and were left out.")).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("Frame 5 of.*left out"))).to_be_visible()
    expect(page.locator("canvas.overlay")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator("canvas.overlay[data-drawn]")).to_be_visible()
    both = drawn(page)
    layers(page).get_by_role("button", name="Pleura").click()
    expect(page.locator("canvas.overlay")).to_have_attribute("data-drawn", "b_lines")
    alone = drawn(page)
    assert 0 < alone[3] < both[3]
    page.get_by_role("slider", name="Opacity").fill("20")
    assert drawn(page)[3] < alone[3]
    page.get_by_role("slider", name="Opacity").fill("80")
    take_picture(page, f"{request.node.callspec.id}-overlay")
    check_page(page, axe)

    page.keyboard.press("]")
    expect(layers(page).get_by_role("button", pressed=True)).to_have_text(
        re.compile("^Consolidation")
    )
    page.keyboard.press("[")
    expect(layers(page).get_by_role("button", pressed=True)).to_have_text(re.compile("^B-lines"))
    layers(page).get_by_role("button", name="Where the models looked").click()
    expect(layers(page).get_by_role("button", pressed=True)).to_have_count(1)
    expect(page.get_by_text("Where POCOVID-Net looked for COVID-19")).to_be_visible()
    take_picture(page, f"{request.node.callspec.id}-grad-cam")
    page.reload()
    expect(layers(page).get_by_role("button", pressed=True)).to_have_text("Where the models looked")


def test_a_word_of_the_sentence_carries_its_number_and_shows_its_map(
    page: Page, routes: ScreeningRoutes
) -> None:
    screen(page)
    word = page.get_by_role("button", name=re.compile("^irregular pleura: .* 74%"))
    expect(word.locator(".word-number")).to_be_hidden()
    word.focus()
    expect(word.locator(".word-number")).to_be_visible()
    take_picture(page, "word")
    word.press("Enter")
    expect(layers(page).get_by_role("button", pressed=True)).to_have_text("Pleura")


@pytest.mark.parametrize("view", PHONE_AND_DESK)
def test_what_is_no_lung_gets_no_class_and_says_what_to_do(
    page: Page, view: Any, routes: ScreeningRoutes, request: pytest.FixtureRequest, axe: str
) -> None:
    routes.refuses = ReasonCode.NOT_LUNG
    screen(page)

    expect(answer(page, "This does not look like lung ultrasound")).to_be_visible()
    expect(page).to_have_title("Not lung ultrasound · POCOVIDScreen")
    expect(page.get_by_role("list", name="Probability of each class")).to_be_hidden()
    expect(page.get_by_role("main").get_by_role("link", name="sign in")).to_be_visible()
    expect(button(page, "Answer anyway")).to_be_hidden()
    take_picture(page, f"{request.node.callspec.id}-refusal")
    check_page(page, axe)
    page.get_by_test_id("files").last.set_input_files(clip("second.mp4"))
    row = page.get_by_role("button", name=re.compile("^right-upper.mp4"))
    expect(row).to_contain_text("Not lung ultrasound")


@pytest.mark.parametrize("view", PHONE_AND_DESK)
def test_an_answer_anyway_is_confirmed_and_keeps_its_mark(
    page: Page, view: Any, routes: ScreeningRoutes, request: pytest.FixtureRequest, axe: str
) -> None:
    routes.refuses = ReasonCode.NOT_LUNG
    routes.sign_in(page.context)
    page.reload()
    screen(page)
    button(page, "Answer anyway").click()
    expect(answer(page)).to_be_hidden()
    take_picture(page, f"{request.node.callspec.id}-confirm")
    button(page, "Answer anyway").click()

    mark = "Answered although it does not look like lung ultrasound."
    expect(answer(page)).to_contain_text("85%")
    expect(page.get_by_text(mark)).to_be_visible()
    take_picture(page, f"{request.node.callspec.id}-anyway")
    check_page(page, axe)
    page.reload()
    expect(page.get_by_text(mark)).to_be_visible()


def test_a_linear_probe_is_screened_by_signs_alone_when_asked(
    page: Page, routes: ScreeningRoutes
) -> None:
    routes.refuses = ReasonCode.LINEAR_PROBE
    screen(page)
    expect(answer(page, "This looks like a linear probe")).to_be_visible()
    take_picture(page, "linear")
    button(page, "Screen as linear probe (answered by signs alone)").click()

    expect(answer(page)).to_contain_text("85%")
    expect(page.get_by_text("Screened as linear probe: answered by")).to_be_visible()
    assert [body["probe"] for body in routes.bodies] == ["convex", "linear"]
    button(page, "Adjust the square and screen again").click()
    expect(page.get_by_role("radio", name=re.compile("^Linear probe"))).to_be_checked()


def test_an_answer_without_signs_offers_none(page: Page, routes: ScreeningRoutes) -> None:
    routes.signs = False
    screen(page)
    expect(page.get_by_text("This answer has no signs")).to_be_visible()
    expect(button(page, "Show signs")).to_be_hidden()
