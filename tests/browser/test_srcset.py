"""Do the elements of ``--srcset FILE.html`` show their pictures in a real browser, each the right file?"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.browser.chromium import settle
from tests.browser.conftest import Open
from tests.cli.conftest import COMMAND, ROOT, environment


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the samples that are photos, in two widths and formats."""
    place = tmp_path_factory.mktemp("srcset")
    words = ["run", str(ROOT / "sample_images" / "travel"), "-o", "out", "--widths", "320,1200", "-f", "webp,jpeg"]
    subprocess.run([*COMMAND, *words, "--srcset", "page.html", "-Q"], cwd=place, env=environment(), check=True)
    return place / "page.html"


def test_each_picture_is_shown_from_the_newest_format_in_the_width_of_the_window(visit: Open, page_file: Path) -> None:
    page = visit(page_file)
    images = page.locator("picture img")
    assert images.count() == 4
    for number in range(4):
        images.nth(number).scroll_into_view_if_needed()
        settle(page)
        one = images.nth(number)
        source = str(one.evaluate("(image) => image.currentSrc"))
        assert source.endswith("-1200w.webp")
        assert one.evaluate("(image) => image.naturalWidth > 0 && image.complete")
        style = str(one.evaluate("(image) => getComputedStyle(image).backgroundColor"))
        assert style.startswith("rgb(") and style != "rgba(0, 0, 0, 0)"


def test_room_is_kept_for_a_picture_that_is_not_loaded(visit: Open, page_file: Path) -> None:
    for file in (page_file.parent / "out").rglob("*w.*"):
        file.rename(file.with_name(f"away-{file.name}"))
    try:
        page = visit(page_file, is_watched=False)
        shapes = "[one.width / one.height, one.getAttribute('width') / one.getAttribute('height')]"
        script = f"(images) => images.map((one) => {shapes})"
        boxes = page.locator("picture img").evaluate_all(script)
    finally:
        for file in (page_file.parent / "out").rglob("away-*"):
            file.rename(file.with_name(file.name.removeprefix("away-")))
    assert len(boxes) == 4
    assert all(abs(shape - wanted) < 0.02 for shape, wanted in boxes)
