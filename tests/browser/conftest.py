"""A real browser for the tests: Chromium without a window, driven by Playwright; without either they skip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.browser.reports import samples_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: Playwright's own, or that of the system."""
    pytest.importorskip("playwright.sync_api", reason="the browser is driven by playwright")
    with chromium.launch() as result:
        if result is None:
            pytest.skip("neither playwright's chromium nor one of the system is installed")
        yield result


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens a file; at the end of the test nothing may have been refused, missed or raised."""
    complaints: list[str] = []
    contexts = []

    def visit_file(path: Path, scheme: str = "light", is_watched: bool = True, **options: object) -> Page:
        # bypass_csp is for axe alone, which has to be put into the page
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        if is_watched:
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _is_network(request.url) else None)
        page.goto(path.as_uri())
        return page

    yield visit_file
    for context in contexts:
        context.close()
    assert complaints == []


def _is_network(url: str) -> bool:
    return not url.startswith(("file:", "data:"))


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run over the samples, four of them broken."""
    return samples_report(tmp_path_factory.mktemp("samples"))
