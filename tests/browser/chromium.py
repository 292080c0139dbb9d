"""Chromium: where is one that the tests can drive?"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

#: Ends when each picture in sight has come or failed, and the browser has drawn twice. Playwright's own waiting
#: would compile a text again and again, which the page's policy refuses.
_SETTLE = """
Promise.all([...document.images].map((one) => {
  const box = one.getBoundingClientRect();
  const isInSight = box.bottom > 0 && box.top < innerHeight;
  return one.complete || !isInSight || new Promise((done) => {
    one.addEventListener("load", done);
    one.addEventListener("error", done);
  });
})).then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
"""


@contextlib.contextmanager
def launch() -> Iterator[Browser | None]:
    """Playwright's own browser, or that of the system; None where there is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = own if Path(own).exists() else next(filter(None, map(shutil.which, _NAMES)), None)
        if path is None:
            yield None
            return
        # A sandbox needs rights that a container seldom has; the pages are our own
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """The script of axe-core, which judges accessibility; ImportError where it is not installed."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def settle(page: Page) -> None:
    """Wait until the pictures in sight are there, and what follows from an event has happened."""
    page.evaluate(_SETTLE)
