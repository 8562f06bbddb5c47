"""The demo's browser: a window for each user, and a screenshot of each step."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 60_000


@dataclass
class Stage:
    """The service's address, the browser, and the folder for the screenshots."""

    url: str
    browser: Browser
    pictures: Path
    started: float = field(default_factory=time.monotonic)
    taken: int = 0
    contexts: list[BrowserContext] = field(default_factory=list)

    def window(self, path: str = "/", *, dark: bool = False) -> Page:
        """A window of a new visitor, with empty browser storage."""
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 860},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.say(f"a script failed: {error}"))
        page.goto(f"{self.url}/#{path}")
        return page

    def visit(self, page: Page, path: str) -> None:
        """Go to another page of the service."""
        page.goto(f"{self.url}/#{path}")

    def picture(self, page: Page, name: str, *, whole: bool = True) -> None:
        """Keep what the page looks like now: all of it, or what is in the window."""
        self.taken += 1
        if whole:
            page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(400)  # pictures on it are still being drawn
        page.screenshot(path=self.pictures / f"{self.taken:02}-{name}.png", full_page=whole)

    def say(self, words: str) -> None:
        """Print the progress of the demo."""
        print(f"{time.monotonic() - self.started:7.1f} s  {words}", flush=True)


@contextmanager
def opened(url: str, pictures: Path) -> Iterator[Stage]:
    """A stage at this address.

    Raises:
        FileNotFoundError: no browser is on the PATH.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise FileNotFoundError(f"No browser: none of {', '.join(NAMES)} is on the PATH.")
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        stage = Stage(url, browser, pictures)
        try:
            yield stage
        except Exception:
            pages = [page for context in stage.contexts for page in context.pages]
            for n, page in enumerate(pages):
                page.screenshot(path=pictures / f"broken-{n}.png", full_page=True)
            raise
        finally:
            browser.close()
