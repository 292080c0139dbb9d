"""Pictures: how does a page look? ``python -m tests.browser FOLDER`` draws the report of the samples for who looks.

``python -m tests.browser --readme`` writes ``.github/report.png``, which the README shows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import chromium
from tests.browser.reports import REPO, large_report, samples_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def main() -> None:
    """Write the pictures that were asked for."""
    with chromium.launch() as browser, tempfile.TemporaryDirectory() as folder:
        if browser is None:
            sys.exit("expected chromium, got none: apt-get install chromium, or playwright install chromium")
        samples = samples_report(Path(folder))
        if sys.argv[1:] == ["--readme"]:
            draw_readme(browser, samples)
        elif len(sys.argv) == 2:
            draw_all(browser, samples, Path(folder), Path(sys.argv[1]))
        else:
            sys.exit("expected FOLDER or --readme")


def draw_readme(browser: Browser, samples: Path) -> None:
    """The table, and the comparison over it."""
    page = open_page(browser, samples, "light", (1100, 700))
    compare(page, "evening")
    page.screenshot(path=REPO / ".github" / "report.png")


def draw_all(browser: Browser, samples: Path, folder: Path, target: Path) -> None:
    """Every state that one should look at after a change."""
    target.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page = open_page(browser, samples, scheme)
        page.screenshot(path=target / f"{scheme}.png", full_page=True)
        compare(page, "evening")
        page.screenshot(path=target / f"slider-{scheme}.png")
    page.get_by_text("Side by side").click()
    chromium.settle(page)
    page.screenshot(path=target / "beside.png")
    page = open_page(browser, samples, "light")
    page.locator("#choice").select_option("wrong")
    page.locator("section.files").scroll_into_view_if_needed()
    chromium.settle(page)
    page.screenshot(path=target / "failures.png")
    page = open_page(browser, samples, "light", (420, 800))
    page.screenshot(path=target / "narrow.png", full_page=True)
    (folder / "large").mkdir()
    page = open_page(browser, large_report(folder / "large", 10_000), "light")
    page.locator(".pane").evaluate("(one) => { one.scrollTop = 200000; }")
    chromium.settle(page)
    page.screenshot(path=target / "ten-thousand.png", full_page=True)
    page = open_page(browser, samples, "light")
    page.pdf(path=target / "print.pdf", format="A4")


def open_page(browser: Browser, path: Path, scheme: str, size: tuple[int, int] = (1280, 900)) -> Page:
    """The page, with the pictures that are in sight."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    page.goto(path.as_uri())
    chromium.settle(page)
    return page


def compare(page: Page, name: str) -> None:
    """Search a file, and open it."""
    page.locator("#search").fill(name)
    page.locator("#count").filter(has_text="1 of").wait_for()
    page.get_by_role("button", name="Compare").click()
    chromium.settle(page)


main()
