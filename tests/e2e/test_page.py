"""The page in a real browser, on a service that does what a test asks for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.e2e.conftest import take_picture, watched
from tests.e2e.screening_routes import ADDRESS, SQUARE, Refusal, ScreeningRoutes

pytestmark = pytest.mark.browser


def clip(name: str = "clip.mp4", size: int = 40_000) -> FilePayload:
    kind = "video/mp4" if name.endswith(".mp4") else "image/jpeg"
    return {"name": name, "mimeType": kind, "buffer": b"x" * size}


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_test_id("files").set_input_files(files)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def answer(page: Page, name: str = "COVID-19") -> Locator:
    return page.get_by_role("heading", level=2).filter(has_text=name)


def square(page: Page) -> Locator:
    return page.get_by_role("slider", name="Square to be screened")


def test_a_video_is_uploaded_screened_and_answered(page: Page, routes: ScreeningRoutes) -> None:
    choose(page, clip("right-upper.mp4"))
    expect(page).to_have_title("Check the square · POCOVIDScreen")
    button(page, "Screen").click()

    expect(answer(page)).to_contain_text("85%")
    expect(page.get_by_text("5 of 5 models agree")).to_be_visible()
    expect(page).to_have_title("COVID-19 85% · POCOVIDScreen")
    expect(page).to_have_url(re.compile(r"#/screenings/[\w-]{36}$"))
    assert routes.bodies[0]["crop"] == SQUARE


def test_the_square_is_moved_with_the_mouse(page: Page, routes: ScreeningRoutes) -> None:
    choose(page, clip())
    box = square(page).bounding_box()
    assert box is not None
    scale = SQUARE["size"] / box["width"]
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 110, steps=4)
    page.mouse.up()
    button(page, "Screen").click()

    expect(answer(page)).to_be_visible()
    crop = routes.bodies[0]["crop"]
    assert crop["size"] == SQUARE["size"]
    assert crop["x"] == pytest.approx(SQUARE["x"] + 40 * scale, abs=1.5)
    assert crop["y"] == pytest.approx(SQUARE["y"] + 10 * scale, abs=1.5)


@pytest.mark.parametrize("view", [{"viewport": {"width": 360, "height": 740}, "has_touch": True}])
def test_the_square_is_pulled_with_a_finger(page: Page, view: Any, routes: ScreeningRoutes) -> None:
    choose(page, clip())
    square(page).scroll_into_view_if_needed()
    corner = page.locator("[data-corner=se]").bounding_box()
    assert corner is not None
    x, y = corner["x"] + corner["width"] - 3, corner["y"] + corner["height"] - 3
    device = page.context.new_cdp_session(page)

    def touch(kind: str, dx: int = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": x - dx, "y": y - dx}]
        device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart")
    for dx in (10, 25, 40):
        touch("touchMove", dx)
    touch("touchEnd")
    button(page, "Screen").click()

    expect(answer(page)).to_be_visible()
    crop = routes.bodies[0]["crop"]
    assert (crop["x"], crop["y"]) == (SQUARE["x"], SQUARE["y"])
    assert crop["size"] < SQUARE["size"] - 40


def test_everything_can_be_done_with_the_keyboard_alone(
    page: Page, routes: ScreeningRoutes
) -> None:
    def tab_to(target: Locator) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"not reached with Tab: {target}")

    page.on("filechooser", lambda _: None)  # the driver takes a moment to begin to listen
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(button(page, "Choose files"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([clip()])

    expect(page.get_by_role("heading", name="clip.mp4")).to_be_focused()
    square(page).wait_for()
    tab_to(square(page))
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowLeft", "-"):
        page.keyboard.press(key)
    expect(square(page)).to_have_attribute("aria-valuetext", re.compile("^400 pixels wide"))
    page.keyboard.press("r")
    expect(square(page)).to_have_attribute("aria-valuetext", re.compile("^420 pixels wide"))
    page.keyboard.press("ArrowRight")
    tab_to(button(page, "Screen"))
    page.keyboard.press("Enter")

    expect(answer(page)).to_be_visible()
    assert routes.bodies[0]["crop"]["x"] > SQUARE["x"]
    strip = page.get_by_role("listbox", name="Frame by frame")
    tab_to(strip)
    page.keyboard.press("End")
    expect(page.get_by_alt_text("Frame 28 of 28")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("d")
    expect(button(page, "Choose files")).to_be_visible()
    page.keyboard.press("z")
    expect(answer(page)).to_be_visible()


def test_files_dropped_anywhere_are_taken(page: Page) -> None:
    handle = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(['x'.repeat(500)], 'dropped.mp4', { type: 'video/mp4' }));
            return data;
        }"""
    )
    page.dispatch_event("footer", "dragenter", {"dataTransfer": handle})
    expect(page.get_by_text("Drop to add")).to_be_visible()
    page.dispatch_event("footer", "drop", {"dataTransfer": handle})
    expect(page.get_by_role("heading", name="dropped.mp4")).to_be_visible()
    expect(page.get_by_text("Drop to add")).to_be_hidden()


def test_several_files_go_three_at_a_time_and_are_screened_together(
    page: Page, routes: ScreeningRoutes
) -> None:
    routes.holds_uploads = True
    choose(page, *(clip(f"clip-{n}.mp4") for n in range(7)))
    page.get_by_role("button", name="Screen all (7)").first.click()
    page.evaluate("fetch('/api/v1/limits')")  # a fourth upload would have come before this
    assert len(routes.held) == 3
    routes.release_uploads()

    expect(page.get_by_text("7 answered")).to_be_visible(timeout=30_000)
    assert len({body["recording_id"] for body in routes.bodies}) == 7


def test_all_means_those_as_well_that_still_arrive_or_wait_for_the_rate_limit(
    page: Page, routes: ScreeningRoutes
) -> None:
    routes.refusals += [Refusal("POST /recordings", 429, "rate_limited", "30 a minute.", 3)] * 3
    choose(page, *(clip(f"clip-{n}.mp4") for n in range(12)))
    page.get_by_role("button", name="Screen all (12)").first.click()

    tray = page.get_by_role("navigation", name="Recordings")
    expect(tray.get_by_text(re.compile("^Waits until ")).first).to_be_visible()
    expect(tray.get_by_text("This continues automatically in")).to_be_visible()
    expect(tray.get_by_text("more recordings will be screened")).to_be_visible()
    expect(page.get_by_text("12 answered")).to_be_visible(timeout=60_000)
    assert len({body["recording_id"] for body in routes.bodies}) == 12
    expect(page.get_by_role("button", name=re.compile("^Screen all"))).to_have_count(0)


def test_a_refused_file_says_why_and_leaves_the_others_alone(
    page: Page, routes: ScreeningRoutes
) -> None:
    said = "The file ends in the middle of the video: copy it again from the ultrasound machine."
    routes.refusals.append(Refusal("POST /recordings", 422, "truncated_file", said))
    choose(page, clip("broken.mp4"))
    expect(page.get_by_role("main").get_by_text(said)).to_be_visible()
    choose(page, clip("good.mp4"))
    expect(page.get_by_role("heading", name="good.mp4")).to_be_visible()
    button(page, "Screen").click()
    expect(answer(page)).to_be_visible()

    page.get_by_role("button", name=re.compile("^broken.mp4")).click()
    expect(button(page, "Try again")).to_be_hidden()


def test_what_may_pass_is_tried_again(page: Page, routes: ScreeningRoutes) -> None:
    routes.refusals.append(Refusal("POST /recordings", 507, "storage_full", "The disk is full."))
    choose(page, clip())
    expect(page.get_by_role("main").get_by_text("The disk is full.")).to_be_visible()
    button(page, "Try again").click()
    expect(square(page)).to_be_visible()


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [("POST /recordings", 429, "rate_limited"), ("POST /screenings", 503, "queue_full")],
)
def test_a_busy_service_is_waited_for(
    page: Page, routes: ScreeningRoutes, request_line: str, status: int, code: str
) -> None:
    routes.refusals.append(Refusal(request_line, status, code, "Many others ask.", 2))
    choose(page, clip())
    if code == "queue_full":
        button(page, "Screen").click()
    expect(page.get_by_text("This continues automatically in")).to_be_visible()
    if code == "rate_limited":
        button(page, "Screen").click()
    expect(answer(page)).to_be_visible()


def test_a_reload_in_the_middle_loses_nothing(page: Page, routes: ScreeningRoutes) -> None:
    routes.stage = "running"
    choose(page, clip("long.mp4"))
    button(page, "Screen").click()
    expect(page.get_by_text(re.compile(r"^\d+ of 28 frames"))).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="long.mp4")).to_be_visible()
    routes.stage = "done"
    expect(answer(page)).to_be_visible()
    assert len(routes.screenings) == 1


def test_a_link_opens_the_answer_elsewhere(
    page: Page, browser: Browser, routes: ScreeningRoutes
) -> None:
    choose(page, clip())
    button(page, "Screen").click()
    expect(answer(page)).to_be_visible()
    with watched(browser, ADDRESS) as other:
        routes.serve(other.context)
        other.goto(page.url)
        expect(answer(other)).to_contain_text("85%")
        other.get_by_role("listbox").wait_for()
        routes.screenings.clear()
        other.reload()
        expect(other.get_by_role("heading", name="This recording does not exist")).to_be_visible()


def test_an_answer_comes_without_event_streams_too(page: Page, routes: ScreeningRoutes) -> None:
    routes.streams = False
    choose(page, clip())
    button(page, "Screen").click()
    expect(answer(page)).to_be_visible()


def test_a_lost_network_is_said_and_outlived(page: Page, routes: ScreeningRoutes) -> None:
    routes.stage = "running"
    choose(page, clip())
    button(page, "Screen").click()
    expect(page.get_by_text(re.compile(r"^\d+ of 28 frames"))).to_be_visible()
    routes.reachable = False
    expect(page.get_by_text("The connection to the service was lost.")).to_be_visible()
    routes.reachable, routes.stage = True, "done"
    expect(answer(page)).to_be_visible()
    expect(page.get_by_text("The connection to the service was lost.")).to_be_hidden()


def test_a_deletion_can_be_undone_before_the_service_hears_of_it(
    page: Page, routes: ScreeningRoutes
) -> None:
    choose(page, clip())
    square(page).wait_for()
    button(page, "Delete").click()
    expect(button(page, "Choose files")).to_be_visible()
    button(page, "Undo").click()
    expect(square(page)).to_be_visible()
    assert routes.deletions == []

    button(page, "Delete").click()
    with page.expect_request(lambda request: request.method == "DELETE", timeout=15_000):
        pass
    expect(button(page, "Undo")).to_be_hidden()
    assert routes.recordings == {}


def test_another_square_gives_another_answer(page: Page, routes: ScreeningRoutes) -> None:
    choose(page, clip())
    button(page, "Screen").click()
    expect(answer(page)).to_be_visible()
    routes.agree = False
    button(page, "Adjust the square and screen again").click()
    square(page).press("ArrowLeft")
    button(page, "Screen again").click()

    expect(page.get_by_text("3 of 5 models say COVID-19")).to_be_visible()
    expect(page.get_by_text("Counted frame by frame, Pneumonia leads")).to_be_visible()
    assert routes.bodies[1]["crop"]["x"] < routes.bodies[0]["crop"]["x"]


VIEWS = [
    pytest.param({"viewport": {"width": width, "height": 800}, "color_scheme": scheme}, id=name)
    for width, scheme, name in (
        (360, "light", "360-light"),
        (360, "dark", "360-dark"),
        (1440, "light", "1440-light"),
        (1440, "dark", "1440-dark"),
    )
]


def states(page: Page, routes: ScreeningRoutes) -> Iterator[str]:
    """Lead the page through everything it can show."""
    page.get_by_text("Accepted").wait_for()
    yield "empty"
    routes.holds_uploads = True
    choose(page, clip("right-upper.mp4"))
    page.get_by_role("progressbar").wait_for()
    yield "uploading"
    routes.release_uploads()
    square(page).wait_for()
    yield "square"
    routes.stage = "queued"
    button(page, "Screen").click()
    page.get_by_text("2 recordings ahead of this one").wait_for()
    yield "queued"
    routes.stage = "running"
    page.get_by_text(re.compile(r"^\d+ of 28 frames")).wait_for()
    yield "running"
    routes.stage = "done"
    page.get_by_role("listbox").wait_for()
    yield "video"
    routes.agree = False
    refusals = (
        Refusal("POST /recordings", 422, "too_long", "The video lasts 3 hours."),
        Refusal("POST /recordings", 429, "rate_limited", "Too many uploads from here.", 60),
    )
    for refusal in refusals:
        routes.refusals.append(refusal)
        choose(page, clip(f"a-file-with-quite-a-long-name-for-its-row-{refusal.code}.mp4"))
        page.get_by_role("main").get_by_role("region").get_by_text(refusal.detail).wait_for()
        yield refusal.code
    choose(page, clip("still.jpg"))
    page.get_by_role("button", name=re.compile("^still.jpg")).click()
    button(page, "Screen").click()
    page.get_by_text("3 of 5 models say COVID-19").wait_for()
    yield "still"
    button(page, "Help and keyboard shortcuts").click()
    yield "help"
    page.keyboard.press("Escape")
    button(page, "Delete").click()
    button(page, "Undo").wait_for()
    yield "undo"
    page.goto(page.url.split("#")[0] + "#/screenings/unknown")
    page.get_by_text("This recording does not exist").wait_for()
    yield "gone"


@pytest.mark.parametrize("view", VIEWS)
def test_every_state_is_accessible_and_fits_the_screen(
    page: Page, view: Any, routes: ScreeningRoutes, request: pytest.FixtureRequest, axe: str
) -> None:
    wrong = []
    for state in states(page, routes):
        page.wait_for_timeout(200)  # transitions change colours for a moment
        take_picture(page, f"{request.node.callspec.id}-{state}")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wrong.append(f"{state}: {over} pixels wider than the screen")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        wrong += [
            f"{state}: {each['id']}: {node['html'][:160]} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]
        expect(page.locator(".disclaimer")).to_be_in_viewport()
    assert not wrong, "\n".join(wrong)
