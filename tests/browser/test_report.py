"""Does the page of a run work in a real browser, with a mouse and without, in light and dark, and on paper?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import axe_source, settle
from tests.browser.conftest import Open
from tests.browser.reports import HOSTILE, hostile_report, large_report, status_report

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_DRAWN = 60  # rows, of whatever number there is


def names(page: Page) -> list[str]:
    """The names of the rows that are drawn, in their order."""
    texts: list[str] = page.locator("table.files tbody th .line:first-child .name").all_inner_texts()
    return texts


def loaded(page: Page) -> list[bool]:
    """Of each picture in the comparison, whether the browser shows it."""
    settle(page)
    script = "(images) => images.map((one) => one.naturalWidth > 0)"
    result: list[bool] = page.locator(".stage img").evaluate_all(script)
    return result


def test_opens_with_sums_failures_and_the_worst_first(visit: Open, samples: Path) -> None:
    page = visit(samples)
    assert page.locator("h1").inner_text() == "imgbatch: web"
    figures = page.locator(".figures dd:not(.note)").all_inner_texts()
    assert figures[:4] == ["33", "29", "1", "4"]
    assert page.locator(".problem h3").all_inner_texts() == ["2 truncated", "1 corrupt", "1 unidentified"]
    assert names(page)[:4] == [f"broken/{name}" for name in ("bad-crc.png", "empty.jpg", "text.jpg", "truncated.jpg")]
    assert page.locator(".bars tbody th").all_inner_texts() == ["read", "decode", "operations", "encode", "write"]


def test_sorts_by_a_column_in_both_directions(visit: Open, samples: Path) -> None:
    page = visit(samples)
    head = page.get_by_role("columnheader", name="File")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    ascending = names(page)
    assert ascending[0] == "animated/midday.png"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert names(page)[0] == "web/night.avif"
    page.locator("#order").select_option("source")
    assert page.locator("[aria-sort]").count() == 0


def test_filters_by_what_became_of_files_and_searches_names(visit: Open, samples: Path) -> None:
    page = visit(samples)
    page.locator("#choice").select_option("wrong")
    assert page.locator("#count").inner_text() == "4 of 33 files"
    page.locator("#choice").select_option("all")
    page.keyboard.press("/")
    page.keyboard.press("/")  # the first one leads here, and is not typed
    page.locator("#search").fill("TRAVEL evening")
    page.get_by_text("1 of 33 files").first.wait_for()
    assert names(page) == ["travel/2024/coast/evening.jpg"]
    page.locator("#search").fill("no such file")
    page.get_by_text("0 of 33 files").first.wait_for()
    page.get_by_role("button", name="Show all 2 in the table").click()
    assert names(page) == ["broken/empty.jpg", "broken/truncated.jpg"]


def test_slides_between_both_files_at_the_same_size(visit: Open, samples: Path) -> None:
    page = visit(samples)
    page.locator("#search").fill("dunes")
    page.get_by_text("1 of 33 files").first.wait_for()
    page.get_by_role("button", name="Compare before and after of").click()
    assert loaded(page) == [True, True]
    before, after = page.locator(".frame > .before"), page.locator(".frame > .after")
    assert before.bounding_box() == after.bounding_box()
    slider = page.locator("#slider")
    slider.fill("20")
    assert after.evaluate("(one) => one.style.clipPath") == "inset(0px 0px 0px 20%)"
    box = page.locator(".frame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 50)
    assert 74 <= int(slider.input_value()) <= 76
    page.get_by_text("100 %").click()
    frame = page.locator(".frame").bounding_box()
    assert frame is not None and frame["width"] == pytest.approx(800, abs=1)
    page.get_by_text("200 %").click()
    page.get_by_text("Side by side").click()
    assert loaded(page) == [True, True]
    first, second = (page.locator(".half").nth(number) for number in range(2))
    first.evaluate("(one) => { one.scrollLeft = 123; one.scrollTop = 45; }")
    settle(page)
    assert second.evaluate("(one) => [one.scrollLeft, one.scrollTop]") == [123, 45]


def test_everything_goes_without_a_mouse(visit: Open, samples: Path) -> None:
    page = visit(samples)
    page.locator("#order").select_option("source")
    page.locator("table.files button.thumbnail").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    name, next_name = names(page)[2:4]
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert loaded(page) == [True, True]
    page.keyboard.press("ArrowRight")
    assert page.locator("#slider").input_value() == "51"
    page.get_by_role("button", name="Next").press("Enter")
    page.keyboard.press("ArrowLeft")  # on a button: the picture before
    assert page.locator("#compare-title").inner_text() == name.rpartition(".")[0] + ".webp"
    page.get_by_role("button", name="Next").press("Enter")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    focus = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focus == f"Look at {next_name}"  # where one was last: a file that failed
    for _ in range(40):
        page.keyboard.press("ArrowDown")
    assert "night.avif" in page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_ten_thousand_rows_draw_only_those_in_sight(visit: Open, tmp_path: Path) -> None:
    path = large_report(tmp_path, 10_000)
    page = visit(path)
    page.get_by_text("10,000 files").first.wait_for()
    ms = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    print(f"10,000 rows: {path.stat().st_size / 1e6:.1f} MB, there after {ms:.0f} ms")
    rows = page.locator("table.files tbody tr[data-place]")
    assert 0 < rows.count() <= MOST_DRAWN
    assert page.locator("table.files").get_attribute("aria-rowcount") == "10001"
    page.get_by_role("columnheader", name="File").get_by_role("button").click()
    assert names(page)[0] == "000000.webp"
    pane = page.locator(".pane")
    pane.evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
    page.get_by_text("009999.webp").first.wait_for()
    assert rows.count() <= MOST_DRAWN
    pane.evaluate("(one) => { one.scrollTop = 5000 * 68; }")
    page.get_by_text("005003.webp").first.wait_for()
    box, inner = pane.bounding_box(), page.locator("[data-place='5001']").bounding_box()
    assert box and inner and box["y"] < inner["y"] < box["y"] + 300  # where its number says


def test_hostile_names_and_texts_stay_text(visit: Open, tmp_path: Path) -> None:
    page = visit(hostile_report(tmp_path))
    assert page.title() == "imgbatch: out"
    assert page.locator("script").count() == 1
    assert HOSTILE + ".png" in names(page)
    page.locator("#choice").select_option("ok")
    page.get_by_role("button", name="Compare").click()
    assert loaded(page) == [True, True]
    assert HOSTILE in page.locator(".compare .note").inner_text()
    assert page.title() == "imgbatch: out" and page.locator("script").count() == 1


def test_dark_as_the_system_is_or_as_one_likes(visit: Open, samples: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = visit(samples), visit(samples, scheme="dark")
    colors = [page.evaluate(background) for page in (light, dark)]
    assert colors[0] != colors[1]
    light.get_by_role("button", name="Dark").click()
    dark.get_by_role("button", name="Light").click()
    assert [page.evaluate(background) for page in (light, dark)] == colors[::-1]


def test_prints_a_thousand_rows_without_controls(visit: Open, tmp_path: Path) -> None:
    page = visit(large_report(tmp_path, 2000))
    page.get_by_text("2,000 files").first.wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("tr[data-place]").count() == 1000
    assert not page.locator("#search").is_visible() and not page.locator("#theme").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("tr[data-place]").count() <= MOST_DRAWN


def test_files_that_are_gone_are_named_not_missed(visit: Open, tmp_path: Path) -> None:
    page = visit(status_report(tmp_path, ["ok", "timeout"]), is_watched=False)  # the console tells of both
    assert page.get_by_role("columnheader").all_inner_texts() == ["Picture", "File", "Status", "Size", "Time"]
    page.get_by_role("button", name="Look at 0.tiff").click()
    page.get_by_text("The browser cannot show 0.tiff").wait_for()


def test_a_page_of_no_files(visit: Open, tmp_path: Path) -> None:
    page = visit(status_report(tmp_path, []))
    assert page.locator("#count").inner_text() == "0 files"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_anybody_out(visit: Open, samples: Path, scheme: str) -> None:
    pytest.importorskip("axe_playwright_python", reason="accessibility is judged by axe-core of axe-playwright-python")
    page = visit(samples, scheme=scheme, bypass_csp=True)
    page.evaluate(axe_source())
    assert axe(page) == []
    page.locator("table.files button.thumbnail").nth(6).click()
    assert axe(page) == []
    page.get_by_text("Side by side").click()
    assert axe(page) == []


def axe(page: Page) -> list[str]:
    """What axe-core finds, a line each."""
    violations = page.evaluate("axe.run().then((result) => result.violations)")
    return [f"{one['id']}: {json.dumps([node['html'][:200] for node in one['nodes']])}" for one in violations]
