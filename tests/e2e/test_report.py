"""The report opened in a browser: it is all there, asks nobody for anything, and can be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import take_picture, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Every test process imports this file, and would have scikit-learn with these.
    from models.evaluation.report import files
    from models.evaluation.report.evaluation import evaluate
    from tests.models.evaluation.report import small_evaluation

    folder = tmp_path_factory.mktemp("report")
    small = small_evaluation.make(folder)
    found = evaluate(
        small.artifact, small.data, small.work, lambda _said, _done, _total: None, resamples=100
    )
    files.write(found, folder / "out")
    return folder / "out" / files.PAGE


@pytest.fixture(
    params=[
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 800}},
    ],
    ids=["wide", "phone"],
)
def page(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The report; fails where a script ran into trouble or anything but the file was asked for."""
    # Pictures are in the page itself; a browser counts them as requests all the same.
    with watched(browser, (report.as_uri(), "data:image/jpeg;base64,"), **request.param) as opened:
        opened.goto(report.as_uri())
        yield opened


def test_every_figure_and_picture_is_shown(page: Page) -> None:
    take_picture(page, "report")
    figures = page.locator("figure svg")
    assert figures.count() == 10
    for n in range(figures.count()):
        box = figures.nth(n).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 60
    loaded = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert loaded
    assert min(loaded) > 0


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_is_accessible(page: Page, axe: str) -> None:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    wrong = [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]
    assert not wrong, "\n".join(wrong)


def test_every_chapter_can_be_reached(page: Page) -> None:
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        assert target is not None
        assert page.locator(target).count() == 1
