"""Fixtures of the browser tests: Chromium, a page that must stay at home, and a service."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.screening_routes import ADDRESS, PAGE, ScreeningRoutes

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A machine that does other work as well is slow, and not wrong.
expect.set_options(timeout=20_000)

SCREENSHOTS = os.environ.get("POCOVID_TEST_SCREENSHOTS")
"""A folder for pictures of the page, to be looked at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as this machine has it. Not for the session: its event loop would be in the way."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    if not (PAGE / "index.html").is_file():
        pytest.skip("the page is not built: run scripts/frontend.sh")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def routes() -> ScreeningRoutes:
    """What the service of this test knows and does."""
    return ScreeningRoutes()


@pytest.fixture
def page(
    browser: Browser, routes: ScreeningRoutes, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """The page, open; `@pytest.mark.parametrize("view", …)` sets size and colours.

    Fails afterwards where a script failed, another host was asked for, or the content security
    policy was broken.
    """
    view: dict[str, Any] = request.getfixturevalue("view") if "view" in request.fixturenames else {}
    with watched(browser, ADDRESS, **view) as opened:
        routes.serve(opened.context)
        opened.goto(ADDRESS)
        opened.get_by_role("button", name="Choose files").wait_for()
        yield opened


class watched:  # noqa: N801 - used like a function
    """A page whose scripts must not fail and which must not ask any other host."""

    def __init__(self, browser: Browser, address: str | tuple[str, ...], **view: Any) -> None:
        self._address = address
        self._context = browser.new_context(**view)
        self._context.set_default_timeout(20_000)
        self._wrong: list[str] = []

    def __enter__(self) -> Page:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self._wrong.append(f"script failed: {error}"))
        page.on("request", lambda request: self._see(request.url))
        page.on("console", lambda message: self._hear(message.text))
        return page

    def __exit__(self, failure: object, *_: object) -> None:
        self._context.close()
        if failure is None:
            assert not self._wrong, "\n".join(self._wrong)

    def _see(self, url: str) -> None:
        if not url.startswith(self._address):
            self._wrong.append(f"asked for {url}")

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self._wrong.append(text)


def take_picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def axe() -> str:
    """The accessibility checker, as a script."""
    script = PAGE.parent / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("axe-core is not installed: run scripts/frontend.sh install")
    return script.read_text()
